//! `devices`: the backends and devices that this build can use.

use embert_model::{Backend, DeviceChoice};
use serde_json::json;

use crate::arguments::JsonArgs;
use crate::error::Error;
use crate::output;

pub(crate) fn run(args: &JsonArgs) -> Result<(), Error> {
    let auto = DeviceChoice::Auto.resolve().ok().map(|(backend, _)| backend);
    let rows: Vec<(Backend, usize)> =
        Backend::ALL.into_iter().map(|backend| (backend, backend.devices().len())).collect();
    if args.json {
        return output::json(&json!({
            "auto": auto.map(Backend::name),
            "threads": threads(),
            "backends": rows.iter().map(|(backend, devices)| json!({
                "name": backend.name(), "compiled": backend.is_compiled(), "devices": devices,
            })).collect::<Vec<_>>(),
        }));
    }
    let mut table = output::Table::new(&["backend", "compiled in", "devices here", "auto"]);
    for (backend, devices) in rows {
        let compiled =
            if backend.is_compiled() { "yes".to_owned() } else { format!("no: --features {backend}") };
        let picked = if Some(backend) == auto { "picks this" } else { "" };
        table.add_row([backend.name().to_owned(), compiled, devices.to_string(), picked.to_owned()]);
    }
    table.print()?;
    output::line(&format!("CPU threads: {}", threads()))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
