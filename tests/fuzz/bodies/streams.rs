//! Residual streams, and summaries of a mesh's past.

use qres_core::residual_stream::{StreamConfig, StreamReceiver};
use qres_core::summary::SummaryGene;

/// Frames behind a length each, to one receiver.
pub fn stream(data: &[u8]) -> bool {
    let config = StreamConfig::default();
    let mut receiver = StreamReceiver::new(&config);
    let mut accepted = false;
    let mut rest = data;
    while let Some((length, tail)) = rest.split_first() {
        let (frame, tail) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = tail;
        let mut given = 0;
        let before = receiver.received();
        let taken = receiver.take(&config, frame, |_, reading| {
            assert!(config.sample(reading).is_some(), "{reading} is no sample");
            given += 1;
        });
        assert_eq!(receiver.received() - before, given);
        assert_eq!(taken.is_ok(), given > 0);
        accepted |= taken.is_ok();
    }
    accepted
}

/// A summary as it came, and with a checksum behind it.
pub fn summary(data: &[u8]) -> bool {
    let sealed = [data, &super::crc32(&[data])].concat();
    [data, &sealed].map(read).contains(&true)
}

fn read(data: &[u8]) -> bool {
    let Ok(summary) = SummaryGene::from_bytes(data) else { return false };
    assert_eq!(&summary.to_bytes()[..], data, "{summary:?}");
    true
}
