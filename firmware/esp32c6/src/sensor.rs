//! The board's sensor: the temperature of the chip, or with the feature `adc` the voltage at GPIO2.
//! Must not know what becomes of a reading.

use qres_core::q16::Q16;

#[cfg(feature = "adc")]
pub use voltage::Sensor;

#[cfg(not(feature = "adc"))]
pub use temperature::Sensor;

#[cfg(not(feature = "adc"))]
mod temperature {
    use esp_hal::peripherals::TSENS;
    use esp_hal::tsens::{Config, TemperatureSensor};
    use qres_board::reading::celsius;

    use super::Q16;

    /// The chip's own thermometer. It measures the chip, which is warmer than the air around it.
    pub struct Sensor(Option<TemperatureSensor<'static>>);

    impl Sensor {
        /// What a log calls it.
        pub const NAME: &'static str = "chip temperature, C";

        /// Switches it on; it settles within a few hundred microseconds.
        pub fn new(sensor: TSENS<'static>) -> Self {
            Self(TemperatureSensor::new(sensor, Config::default()).ok())
        }

        /// The reading now.
        pub fn read(&mut self) -> Option<Q16> {
            let reading = self.0.as_ref()?.get_temperature();
            Some(celsius(reading.raw_value, reading.offset))
        }
    }
}

#[cfg(feature = "adc")]
mod voltage {
    use esp_hal::Blocking;
    use esp_hal::analog::adc::{Adc, AdcCalCurve, AdcConfig, AdcPin, Attenuation};
    use esp_hal::peripherals::{ADC1, GPIO2};
    use qres_board::reading::volts;

    use super::Q16;

    /// A conversion takes 0.1 ms; one that is not done after so many questions never is.
    const PATIENCE: u32 = 10_000;

    type Calibration = AdcCalCurve<ADC1<'static>>;

    /// The voltage at GPIO2, about 0 to 3.3 V, with the calibration that the chip carries.
    pub struct Sensor {
        adc: Adc<'static, ADC1<'static>, Blocking>,
        pin: AdcPin<GPIO2<'static>, ADC1<'static>, Calibration>,
    }

    impl Sensor {
        /// What a log calls it.
        pub const NAME: &'static str = "voltage at GPIO2, V";

        /// Sets up the pin and the converter.
        pub fn new(adc: ADC1<'static>, pin: GPIO2<'static>) -> Self {
            let mut config = AdcConfig::new();
            let pin = config.enable_pin_with_cal::<_, Calibration>(pin, Attenuation::_11dB);
            Self { adc: Adc::new(adc, config), pin }
        }

        /// The reading now.
        pub fn read(&mut self) -> Option<Q16> {
            (0..PATIENCE).find_map(|_| self.adc.read_oneshot(&mut self.pin).ok()).map(volts)
        }
    }
}
