//! The codec as its users meet it: what goes in comes out, in every profile; damage is found;
//! hostile input is answered, not followed.

#[cfg(feature = "alloc")]
mod files;
mod packets;

/// Series that differ in kind: `kind` 0 to 5, the same for the same seed.
fn series(kind: u32, length: usize, seed: u64) -> impl Iterator<Item = i32> {
    let mut level = 0_i32;
    let mut noise = seed;
    (0..length as i32).map(move |at| {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let random = (noise >> 32) as i32;
        level = level.wrapping_add(random >> 26);
        match kind {
            0 => 7,
            1 => level,
            2 => random,
            3 => [i32::MIN, i32::MAX, 0, -1][(random & 3) as usize],
            4 => level * 10 + at % 17 % 2,
            _ => at * 3 + (random >> 30),
        }
    })
}
