//! Bars that grow.

use super::Format;

/// A bar on a terminal, nothing elsewhere.
pub(crate) fn progress(format: Format, what: &str) -> impl FnMut(u64, u64) + Send + use<> {
    let bar = match format {
        Format::Text => indicatif::ProgressBar::no_length(),
        Format::Json | Format::Quiet => indicatif::ProgressBar::hidden(),
    };
    let style = "{msg} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    if let Ok(style) = indicatif::ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.set_message(what.to_owned());
    move |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        if done == all {
            bar.finish_and_clear();
        }
    }
}
