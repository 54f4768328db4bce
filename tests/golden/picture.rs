//! Reads PNG files for the tests that look at pictures.

use std::path::Path;

/// Rows of RGB pixels.
pub struct Picture {
    pub width: usize,
    pub pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// The picture in a file, without its alpha.
    pub fn read(path: &Path) -> Self {
        let file = std::fs::File::open(path).expect("a picture");
        let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("an image");
        let step = bytes.len() / (info.width * info.height) as usize;
        let pixels = bytes.chunks(step).map(|p| [p[0], p[1], p[2]]).collect();
        Self { width: info.width as usize, pixels }
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.pixels.len() / self.width
    }
}
