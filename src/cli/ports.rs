//! `qres ports`: the serial ports of this machine, and which look like a board.

use super::output::{self, Failure};
use crate::bridge::ports::{self, Looks, PortInfo};

/// Lists the ports.
pub(super) fn ports(json: bool) -> Result<(), Failure> {
    let all = ports::list().map_err(|error| {
        Failure::Input(format!("the serial ports cannot be listed: {}", error.description))
    })?;
    if json {
        return output::result(&serde_json::to_string(&all).map_err(Failure::input)?);
    }
    if all.is_empty() {
        output::note(
            "no serial port: plug a board in with a cable that carries data; a port that is not \
             listed, such as a pseudo-terminal, can still be named with `qres mirror --port`",
        );
        return Ok(());
    }
    output::result(&table(&all))?;
    if all.iter().all(|port| port.looks == Looks::Other) {
        output::note(
            "none of them looks like a board: plug one in with a cable that carries data, or name \
             its port with `qres mirror --port`",
        );
    }
    Ok(())
}

fn table(all: &[PortInfo]) -> String {
    let width = all.iter().map(|port| port.path.chars().count()).max().unwrap_or(0);
    let line = |port: &PortInfo| {
        let looks = match port.looks {
            Looks::Board => "a board",
            Looks::Converter => "maybe a board",
            Looks::Other => "",
        };
        format!("{:width$}  {looks:13}  {}", port.path, port.about).trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boards_are_named_in_a_table() {
        let port = |path: &str, looks, about: &str| PortInfo {
            path: path.to_owned(),
            looks,
            about: about.to_owned(),
        };
        let all = [
            port("/dev/ttyACM0", Looks::Board, "USB 303A:1001 USB JTAG"),
            port("/dev/ttyS0", Looks::Other, ""),
        ];
        let expected = "/dev/ttyACM0  a board        USB 303A:1001 USB JTAG\n/dev/ttyS0";
        assert_eq!(table(&all), expected);
    }
}
