//! `qres compress`, `decompress` and `inspect`: files in and out of the codec. A result is written
//! beside its place and moved there when it is whole.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use qres_core::codec::{self, Archive, Kind, Profile};
use serde_json::json;

use super::columns::{self, Wanted};
use super::output::{self, Failure};
use super::place;

/// The largest file that is read, in bytes: content and result stand in memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Options of `compress`.
#[derive(clap::Args, Debug, Clone)]
pub(super) struct CompressArgs {
    /// The file to compress
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Code these columns of a CSV file as series of integers
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    columns: Vec<String>,
    /// Decimals of the columns, in place of the most that a cell has
    #[arg(long, value_name = "N", requires = "columns",
          value_parser = clap::value_parser!(u8).range(..=i64::from(codec::DECIMALS_MAX)))]
    decimals: Option<u8>,
    /// Let numbers come back off by this at most, in their own units
    #[arg(long, value_name = "E", requires = "columns")]
    max_error: Option<String>,
    /// How columns are coded
    #[arg(long, value_enum, default_value = "host", requires = "columns")]
    profile: ProfileName,
}

/// Names of the profiles.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum ProfileName {
    /// Large blocks, columns predicted from each other
    Host,
    /// The packets of a microcontroller
    Mcu,
}

/// Compresses a file.
pub(super) fn compress(args: &CompressArgs) -> Result<(), Failure> {
    let content = read(&args.input)?;
    let file =
        if args.columns.is_empty() { codec::compress(&content) } else { table(args, &content)? };
    write(&args.input, &args.output, &file, Some(place::PACKED))?;
    say(&args.input, content.len(), &args.output, file.len())
}

/// The columns as series, the rest as text; proven to come back.
fn table(args: &CompressArgs, content: &[u8]) -> Result<Vec<u8>, Failure> {
    let place = args.input.display();
    let max_error = args.max_error.as_deref();
    let wanted = Wanted { names: &args.columns, decimals: args.decimals, max_error };
    let table = columns::split(content, &wanted)
        .map_err(|problem| Failure::Input(format!("{place}: {problem}")))?;
    let profile = match args.profile {
        ProfileName::Host => Profile::Host,
        ProfileName::Mcu => Profile::Mcu,
    };
    let trouble = |error| Failure::Input(format!("{place}: {error}"));
    let file = codec::compress_table(&table, profile).map_err(trouble)?;
    let lossless = table.columns.iter().all(|column| column.max_error == 0);
    if lossless && restore(&file).map_err(trouble)? != content {
        let advice = "the columns do not come back byte for byte; compress without --columns";
        return Err(Failure::Input(format!("{place}: {advice}")));
    }
    Ok(file)
}

/// Decompresses a file.
pub(super) fn decompress(input: &Path, out: &Path) -> Result<(), Failure> {
    let file = read(input)?;
    let content =
        restore(&file).map_err(|error| Failure::Input(format!("{}: {error}", input.display())))?;
    write(input, out, &content, None)?;
    say(input, file.len(), out, content.len())
}

/// The content that a file stands for.
fn restore(file: &[u8]) -> Result<Vec<u8>, codec::CodecError> {
    let archive = Archive::open(file)?;
    if archive.kind() != Kind::Table {
        return archive.bytes();
    }
    columns::join(&archive.table()?).map_err(|_| codec::CodecError::Damaged)
}

/// Says what a file holds by its header, and whether its content is whole.
///
/// # Errors
/// When it is no file of the codec (bad input), or a block of it is damaged (what was checked does
/// not hold).
pub(super) fn inspect(path: &Path, as_json: bool) -> Result<(), Failure> {
    let file = read(path)?;
    let trouble = |error| Failure::Input(format!("{}: {error}", path.display()));
    let archive = Archive::open(&file).map_err(trouble)?;
    let kind = match archive.kind() {
        Kind::Stored => "stored",
        Kind::Bytes => "bytes",
        Kind::Table => "table",
    };
    let is_table = archive.kind() == Kind::Table;
    let profile = match archive.profile() {
        Profile::Host => "host",
        Profile::Mcu => "mcu",
    };
    let blocks: Vec<usize> = archive.block_bytes().collect();
    let damage = restore(&file).err();
    if as_json {
        let column = |column: &codec::Column| {
            json!({
                "name": column.name,
                "decimals": column.decimals,
                "max_error_samples": column.max_error,
            })
        };
        let columns: Vec<_> = archive.columns().iter().map(column).collect();
        let report = json!({
            "file": path.display().to_string(),
            "version": codec::VERSION,
            "kind": kind,
            "profile": is_table.then_some(profile),
            "file_bytes": file.len(),
            "content_bytes": (!is_table).then_some(archive.length()),
            "rows": is_table.then_some(archive.length()),
            "columns": columns,
            "text_bytes": archive.rest_bytes(),
            "block_bytes": blocks,
            "whole": damage.is_none(),
        });
        output::result(&report.to_string())?;
        return verdict(path, damage);
    }
    let unit = if is_table { "rows" } else { "bytes of content" };
    let mut lines = vec![
        format!("{}: version {}, {kind}", path.display(), codec::VERSION),
        format!("  {} bytes, {} {unit}, {} blocks", file.len(), archive.length(), blocks.len()),
    ];
    if is_table {
        lines.push(format!("  profile {profile}, {} bytes of text", archive.rest_bytes()));
        lines.push(format!("  {:<24} {:>8} {:>18}", "column", "decimals", "max error, samples"));
    }
    for column in archive.columns() {
        let (name, decimals, error) = (&column.name, column.decimals, column.max_error);
        lines.push(format!("  {name:<24} {decimals:>8} {error:>18}"));
    }
    if damage.is_none() {
        lines.push("  the content is whole".to_owned());
    }
    output::result(&lines.join("\n"))?;
    verdict(path, damage)
}

fn verdict(path: &Path, damage: Option<codec::CodecError>) -> Result<(), Failure> {
    damage.map_or(Ok(()), |why| {
        Err(Failure::Fails(format!("{}: the content does not decode: {why}", path.display())))
    })
}

/// Reads a file, or what else gives bytes, as long as they end.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let trouble = |why: String| Failure::Input(format!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    let open = std::fs::File::open(path);
    // Of a file the length is known, of a device or a pipe only when it has ended.
    let known = open.as_ref().ok().and_then(|file| file.metadata().ok());
    let is_long = known.is_some_and(|about| about.len() > FILE_BYTES_MAX);
    if !is_long {
        let read = open.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
        read.map_err(|error| trouble(error.to_string()))?;
    }
    if is_long || bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(trouble(format!(
            "more than {} MiB, the most that is read into one file; divide it (`split -b 1G`), or, \
             if it is a device, give a part of it (`head -c`)",
            FILE_BYTES_MAX >> 20
        )));
    }
    Ok(bytes)
}

/// Writes beside `out`, then moves there; `input` is never overwritten, nor, where the result is of
/// one kind, a file of another.
fn write(
    input: &Path,
    out: &Path,
    content: &[u8],
    kind: Option<place::Kind>,
) -> Result<(), Failure> {
    let trouble = |what: String| Failure::Input(format!("{}: {what}", out.display()));
    if output::is_same_file(input, out) {
        return Err(trouble("is the input too; name another file to write".to_owned()));
    }
    if let Some(kind) = kind {
        place::replaceable(out, kind)?;
    }
    place::writable(out)?;
    let there = std::fs::metadata(out).ok();
    // A pipe or a device is written to, never replaced.
    if there.as_ref().is_some_and(|there| !there.is_file()) {
        return std::fs::write(out, content).map_err(|error| trouble(error.to_string()));
    }
    // What a link names is replaced, not the link.
    let target = out.canonicalize().unwrap_or_else(|_| out.to_path_buf());
    let name = target.file_name().ok_or_else(|| trouble("is no name for a file".to_owned()))?;
    let mut beside = name.to_os_string();
    beside.push(format!(".{}.partial", std::process::id()));
    let beside = target.with_file_name(beside);
    replace(&beside, &target, content, there.as_ref()).map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        trouble(error.to_string())
    })
}

/// Writes `beside` and renames it over `target`, with the permissions of what was there; what may
/// not be written is not replaced either.
fn replace(
    beside: &Path,
    target: &Path,
    content: &[u8],
    there: Option<&std::fs::Metadata>,
) -> std::io::Result<()> {
    if there.is_some() {
        std::fs::OpenOptions::new().append(true).open(target)?;
    }
    std::fs::write(beside, content)?;
    if let Some(there) = there {
        std::fs::set_permissions(beside, there.permissions())?;
    }
    std::fs::rename(beside, target)
}

fn say(input: &Path, from: usize, out: &Path, to: usize) -> Result<(), Failure> {
    let (input, out) = (input.display(), out.display());
    output::result(&format!("{input}: {from} bytes; {out}: {to} bytes"))
}
