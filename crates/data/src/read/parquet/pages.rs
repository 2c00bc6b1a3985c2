//! Pages whose headers are held against their bytes.

use parquet::basic::Type as Physical;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};

/// Pages of a column. A dictionary is allocated by the number of values that its header claims, which a damaged file may put
/// at billions: more than its bytes can hold is refused.
pub(super) struct Checked {
    pub(super) pages: Box<dyn PageReader>,
    pub(super) physical: Physical,
}

impl Checked {
    fn check(&self, page: Option<Page>) -> ParquetResult<Option<Page>> {
        if let Some(Page::DictionaryPage { buf, num_values, .. }) = &page {
            // A byte array stands after its length.
            let least = match self.physical {
                Physical::BOOLEAN => {
                    return Err(ParquetError::General("truth values have no dictionary".to_owned()));
                }
                Physical::INT64 | Physical::DOUBLE => 8,
                _ => 4,
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
