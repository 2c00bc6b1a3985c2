//! Files that hold no rows of text, told by their first bytes.

/// The first bytes of files in formats that are not read, with the format and what the user can do.
const FOREIGN: &[(&[u8], &str, &str)] = &[
    (
        b"PK\x03\x04",
        "a zip archive or an Excel workbook (.xlsx)",
        "unpack it, or save the sheet as \"CSV UTF-8\"",
    ),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "save the sheet as \"CSV UTF-8\""),
    (
        b"version https://git-lfs",
        "a pointer of Git LFS and not the file itself",
        "fetch the file, as with `git lfs pull`",
    ),
    (b"PAR1", "Parquet", "set format = \"parquet\""),
    (
        b"x\x9c",
        "compressed with zlib, as spaCy's binary files (.spacy) are",
        "write JSON Lines of {\"text\": doc.text, \"entities\": [[start_char, end_char, label_], ...]} for each doc of DocBin().from_disk(file).get_docs(nlp.vocab)",
    ),
    (b"PARE", "an encrypted Parquet file", "decrypt it"),
    (b"ARROW1\0\0", "an Arrow file", "save it as Parquet"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "save it as Parquet"),
    (b"Obj\x01", "an Avro file", "save it as Parquet or JSON Lines"),
    (b"SQLite format 3\0", "an SQLite data base", "export the table as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "save it as Parquet or CSV"),
    (b"\x80\x02", "a pickle of Python", "save it as Parquet or JSON Lines"),
    (b"\x80\x03", "a pickle of Python", "save it as Parquet or JSON Lines"),
    (b"\x80\x04", "a pickle of Python", "save it as Parquet or JSON Lines"),
    (b"\x80\x05", "a pickle of Python", "save it as Parquet or JSON Lines"),
    (b"%PDF-", "a PDF", "save its text as .txt"),
    (b"\x1f\x8b", "compressed with gzip twice", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard twice", "unpack it"),
    (b"\xfd7zXZ\0", "compressed with xz", "unpack it, or compress it with gzip or Zstandard"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
    (b"\xff\xfe\0\0", "UTF-32", "convert it to UTF-8, as with iconv"),
    (b"\0\0\xfe\xff", "UTF-32", "convert it to UTF-8, as with iconv"),
];

/// The format of a file that begins with these bytes, if the file is no text, and what the user can do.
pub(super) fn foreign(head: &[u8]) -> Option<(&'static str, &'static str)> {
    if head.starts_with(b"BZh") && head.get(4..10) == Some(b"1AY&SY") {
        return Some(("compressed with bzip2", "unpack it, or compress it with gzip or Zstandard"));
    }
    if head.get(257..262) == Some(b"ustar") {
        return Some(("a tar archive", "unpack it"));
    }
    FOREIGN.iter().find(|(magic, ..)| head.starts_with(magic)).map(|(_, what, remedy)| (*what, *remedy))
}

/// A page of HTML or a document of XML, and what the user can do. Both are text but no table; a server's
/// error page is HTML.
pub(super) fn page(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let begin = head.trim_ascii_start();
    let begins = |tag: &[u8]| begin.get(..tag.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(tag));
    if begins(b"<!doctype html") || begins(b"<html") {
        Some(("an HTML page", "download the file itself"))
    } else if begins(b"<?xml") {
        Some(("XML", "convert it to CSV or JSON Lines"))
    } else {
        None
    }
}
