//! What is read of a data set, and how.

use embert_data::{LoadOptions, ReadOptions};

use super::{DataConfig, TrainConfig};

impl DataConfig {
    /// How files are read, as far as the keys say.
    pub fn reading(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            delimiter: self.delimiter,
            quoting: self.quoting,
            encoding: self.encoding,
            header: self.header.clone(),
        }
    }

    /// Sets the keys that say how files are read.
    pub fn set_reading(&mut self, options: ReadOptions) {
        let ReadOptions { format, delimiter, quoting, encoding, header } = options;
        (self.format, self.delimiter, self.quoting) = (format, delimiter, quoting);
        (self.encoding, self.header) = (encoding, header);
    }
}

impl TrainConfig {
    /// What to load of the data set.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            split_ratios: self.data.split_ratios,
            seed: self.split_seed(),
            train_samples: self.data.train_samples,
            eval_samples: self.data.eval_samples,
            skip_bad_rows: self.data.skip_bad_rows,
            reading: self.data.reading(),
        }
    }
}
