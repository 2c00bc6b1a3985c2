//! Parts of a path as a repository writes it, with `/` between them.

/// The last component.
pub(super) fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last component.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The first `count` components of a folder's path.
pub(super) fn folder_until(folder: &str, count: usize) -> &str {
    let end = folder.match_indices('/').nth(count.wrapping_sub(1)).map_or(folder.len(), |(at, _)| at);
    if count == 0 { "" } else { &folder[..end] }
}
