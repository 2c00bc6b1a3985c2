//! The result of a run: a folder that `transformers` loads.

use embert_model::{ModelFor, save_pretrained};
use embert_run::Thresholds;
use embert_task::Task;

use crate::error::IoContext as _;
use crate::model_card::ModelCard;
use crate::prepared::Setup;
use crate::{RunFolder, TrainError};

/// Writes `model/`: `config.json` with the labels' names, `model.safetensors`, the tokenizer's files, fitted
/// thresholds and the model card. The folder appears at once. The run is complete when its log has the end too.
pub(crate) fn write<T: Task>(
    run: &RunFolder,
    model: &ModelFor<T::Head>,
    setup: &Setup<T>,
    card: &ModelCard<'_>,
) -> Result<(), TrainError> {
    embert_files::folder(&run.files().model(), |folder| {
        save_pretrained(model, &setup.config, folder, card.config.save_dtype)?;
        if let Some(thresholds) = setup.task.thresholds() {
            embert_files::write_json(&folder.join(Thresholds::FILE), &thresholds)?;
        }
        setup.tokenizer.save(folder, Some(&card.config.encode_options()))?;
        let path = folder.join("README.md");
        let text = card.render().map_err(std::io::Error::other).at("write", &path)?;
        Ok(embert_files::write(&path, text.as_bytes())?)
    })
}

/// The most memory that this process held so far, in bytes.
///
/// Not from `getrusage`: on Linux, that peak includes the memory of the program that started this process
/// (Cargo, for one).
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The most memory that this process held so far, in bytes.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn peak_memory() -> Option<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    // macOS counts in bytes, the others in KiB.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    u64::try_from(usage.max_rss()).ok().map(|peak| peak * unit)
}

/// The most memory that this process held so far: unknown on this system.
#[cfg(not(unix))]
pub(crate) fn peak_memory() -> Option<u64> {
    None
}

/// Resets the process's peak memory, so that the process's next run logs its own peak. Returns false if the
/// system can't reset the peak; then [`Trainer::without_peak_memory`](crate::Trainer::without_peak_memory)
/// leaves the peak out.
pub fn count_memory_anew() -> bool {
    // "5" resets the peak to the memory that is held now (`proc_pid_clear_refs(5)`).
    cfg!(target_os = "linux") && std::fs::write("/proc/self/clear_refs", "5").is_ok()
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn peak_memory_is_more_than_what_is_held_now() {
        let held = vec![1_u8; 64 << 20];
        let peak = super::peak_memory().unwrap();
        assert!(peak > held.iter().map(|&byte| u64::from(byte)).sum(), "{peak}");
    }

    /// Other tests of this process hold memory too, but not so much.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_peak_can_be_counted_anew() {
        let held = vec![1_u8; 1 << 30];
        let peak = super::peak_memory().unwrap();
        assert!(peak >= held.iter().map(|&byte| u64::from(byte)).sum());
        drop(held);
        if super::count_memory_anew() {
            assert!(super::peak_memory().unwrap() < peak - (1 << 29));
        }
    }
}
