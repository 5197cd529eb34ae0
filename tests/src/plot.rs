//! Drawing the time of long lists from the table of measurements in a page.

use std::fmt::Write as _;

/// The length of the reference's bar.
const WHOLE: f64 = 560.0;
const ROW: usize = 34;

/// A bar chart of `ipcs -q` with increasing numbers of queues, each next to the reference.
///
/// # Panics
/// If the page has no such rows.
pub fn lists(page: &str) -> String {
    let measured: Vec<(&str, f64)> = page.lines().filter_map(measurement).collect();
    assert!(measured.len() > 1, "no measurements of lists");
    let mut bars = String::new();
    for (row, (queues, ratio)) in measured.iter().enumerate() {
        let top = 60 + row * ROW;
        writeln!(
            bars,
            "<text x=\"100\" y=\"{}\" class=\"label\">{queues}</text>\n\
             <rect x=\"110\" y=\"{top}\" width=\"{WHOLE}\" height=\"12\" class=\"reference\"/>\n\
             <rect x=\"110\" y=\"{}\" width=\"{:.1}\" height=\"12\" class=\"ours\"/>\n\
             <text x=\"{:.1}\" y=\"{}\">{ratio:.2}</text>",
            top + 17,
            top + 13,
            ratio * WHOLE,
            116.0 + ratio * WHOLE,
            top + 24,
        )
        .expect("a string takes all");
    }
    let height = 70 + measured.len() * ROW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 740 {height}\" role=\"img\">\n\
         <title>Time of ipcs -q by number of queues, the reference being 1.00</title>\n\
         <style>text {{ font: 13px sans-serif; fill: #1f2328 }} .label {{ text-anchor: end }} \
         .reference {{ fill: #c9d1d9 }} .ours {{ fill: #2da44e }} .page {{ fill: #ffffff }}</style>\n\
         <rect width=\"740\" height=\"{height}\" class=\"page\"/>\n\
         <text x=\"110\" y=\"24\">Time of <tspan font-family=\"monospace\">ipcs -q</tspan>: \
         util-linux (grey, 1.00) and ns-tools (green); shorter is faster</text>\n\
         <text x=\"100\" y=\"48\" class=\"label\">queues</text>\n\
         {bars}</svg>\n"
    )
}

/// The number of queues and the ratio of the minimum times, if the row is about plain lists.
fn measurement(line: &str) -> Option<(&str, f64)> {
    let cells: Vec<&str> = line.strip_prefix("| `ipcs -q`, ")?.split(" | ").collect();
    let queues = cells.first()?.strip_suffix(" queues")?;
    let is_count = queues == "no" || queues.bytes().all(|digit| digit.is_ascii_digit());
    Some((queues, cells.get(1)?.parse().ok()?)).filter(|_| is_count)
}
