//! Models as bytes.

use qres_core::block_float::BlockFloat;
use qres_core::gene::Gene;

/// A gene as it came, and with a checksum behind it.
pub fn gene(data: &[u8]) -> bool {
    let sealed = [data, &super::crc32(&[data])].concat();
    [data, &sealed].map(read).contains(&true)
}

fn read(data: &[u8]) -> bool {
    let Ok(gene) = Gene::from_bytes(data) else { return false };
    assert!(gene.form.is_valid(), "{gene:?}");
    assert_eq!(gene.to_bytes(), data, "{gene:?}");
    assert_eq!(gene.length(), data.len(), "{gene:?}");
    true
}

/// A block of weights with one exponent.
pub fn block(data: &[u8]) -> bool {
    let Ok(block) = BlockFloat::from_bytes(data) else { return false };
    let taps = (data.len() / 2) as u8;
    assert_eq!(block.to_bytes(taps), data, "{block:?}");
    assert_eq!(BlockFloat::from_weights(&block.weights()), block);
    true
}
