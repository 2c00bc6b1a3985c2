//! [`Checked`]: pages whose headers are checked against their bytes.

use parquet::basic::Type as Physical;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::RowGroupReader;

/// Rows decoded at a time: few, since the texts of several pages are in memory until the rows are returned.
pub(super) const CHUNK: usize = 256;

/// The pages of a column. The parquet crate allocates a dictionary for as many values as its header claims,
/// which may be billions in a damaged file: a number that the page's bytes can't hold is refused.
pub(super) struct Checked {
    pages: Box<dyn PageReader>,
    /// The fewest bytes of a value in a dictionary; `None` for truth values, which have no dictionary.
    least: Option<usize>,
}

impl Checked {
    /// The pages of the column with the index `leaf` in a row group.
    pub(super) fn new(group: &dyn RowGroupReader, leaf: usize) -> ParquetResult<Self> {
        let column = group.metadata().column(leaf).column_descr();
        let least = match column.physical_type() {
            Physical::BOOLEAN => None,
            Physical::INT64 | Physical::DOUBLE => Some(8),
            Physical::INT96 => Some(12),
            Physical::FIXED_LEN_BYTE_ARRAY => Some(usize::try_from(column.type_length()).unwrap_or(0).max(1)),
            // Each byte array follows its length, which has 4 bytes.
            Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => Some(4),
        };
        Ok(Self { pages: group.get_column_page_reader(leaf)?, least })
    }

    fn check(&self, page: Option<Page>) -> ParquetResult<Option<Page>> {
        if let Some(Page::DictionaryPage { buf, num_values, .. }) = &page {
            let Some(least) = self.least else {
                return Err(ParquetError::General("truth values have no dictionary".to_owned()));
            };
            if *num_values as usize > buf.len() / least {
                return Err(ParquetError::General(format!(
                    "a dictionary of {} bytes claims {num_values} values",
                    buf.len()
                )));
            }
        }
        Ok(page)
    }
}

impl Iterator for Checked {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Checked {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let page = self.pages.get_next_page()?;
        self.check(page)
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.pages.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.pages.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> ParquetResult<Option<Page>> {
        let page = self.pages.take_deferred_dictionary()?;
        self.check(page)
    }

    fn at_record_boundary(&mut self) -> ParquetResult<bool> {
        self.pages.at_record_boundary()
    }
}
