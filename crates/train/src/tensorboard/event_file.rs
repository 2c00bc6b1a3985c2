//! [`EventFile`]: events in TensorFlow's record format.

use std::fs;
use std::path::Path;

use embert_files::{Appender, create_dir_all};
use prost::Message as _;

use super::messages::{Event, What};
use crate::TrainError;
use crate::error::IoContext as _;

/// The prefix of event files' names. TensorBoard reads the files of a folder in the order of their names.
const PREFIX: &str = "events.out.tfevents.";

/// An event file that grows. Each event is appended whole and at once, so that TensorBoard can follow the
/// file; a temporary name and a rename would prevent this.
#[derive(Debug)]
pub(super) struct EventFile {
    file: Appender,
}

impl EventFile {
    /// Begins a new file in `folder`, with a name after the files there. Returns whether the folder had
    /// numbered event files.
    pub(super) fn create(folder: &Path, wall_time: f64) -> Result<(Self, bool), TrainError> {
        create_dir_all(folder)?;
        let mut last = 0;
        for entry in fs::read_dir(folder).at("read", folder)? {
            let name = entry.at("read", folder)?.file_name();
            let number =
                name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|n| n.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        // A number, where others write time, host and process: a clock can be set back.
        let path = folder.join(format!("{PREFIX}{:06}", last + 1));
        let mut file = Self { file: Appender::create(&path)? };
        file.write(wall_time, 0, What::FileVersion("brain.Event:2".into()))?;
        Ok((file, last > 0))
    }

    /// Appends an event.
    pub(super) fn write(&mut self, wall_time: f64, step: usize, what: What) -> Result<(), TrainError> {
        let event = Event { wall_time, step: step.try_into().unwrap_or(i64::MAX), what: Some(what) };
        Ok(self.file.append(&record(&event.encode_to_vec()))?)
    }

    /// Puts all events on the disk.
    pub(super) fn sync(&self) -> Result<(), TrainError> {
        Ok(self.file.sync()?)
    }
}

/// A record: the length as u64, its checksum, the content, its checksum, all little-endian
/// (`tensorflow/core/lib/io/record_writer.h`).
pub(super) fn record(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(content.len() + 16);
    record.extend_from_slice(&length);
    record.extend_from_slice(&masked_crc32c(&length).to_le_bytes());
    record.extend_from_slice(content);
    record.extend_from_slice(&masked_crc32c(content).to_le_bytes());
    record
}

/// CRC-32C, rotated and increased by a constant, so that the checksum of data that contain checksums stays a
/// good checksum (`tensorflow/core/lib/hash/crc32c.h`).
fn masked_crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_stands_behind_the_others() {
        let dir = tempfile::tempdir().unwrap();
        for (expected, found_before) in [("000001", false), ("000002", true)] {
            let (file, before) = EventFile::create(dir.path(), 0.0).unwrap();
            assert_eq!(file.file.path(), dir.path().join(format!("events.out.tfevents.{expected}")));
            assert_eq!(before, found_before);
        }
        fs::write(dir.path().join("events.out.tfevents.000041"), "").unwrap();
        fs::write(dir.path().join("events.out.tfevents.1700000000.host.1.0"), "").unwrap();
        let (file, _) = EventFile::create(dir.path(), 0.0).unwrap();
        assert_eq!(file.file.path(), dir.path().join("events.out.tfevents.000042"));
    }
}
