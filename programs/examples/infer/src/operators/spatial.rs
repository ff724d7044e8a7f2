//! What slides over an image. Images have one axis (a signal) or two; arrays are batch × channel ×
//! height × width.

use super::Call;
use super::linear::add_scaled;
use crate::tensor::{Reason, Tensor, count};

/// How a window slides along one axis.
#[derive(Debug, Clone, Copy)]
struct Slide {
    input: usize,
    output: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    /// Places before the first.
    padding: usize,
}

impl Slide {
    /// The place in the input that place `in_window` of the window has at `output`, if it is inside.
    fn place(self, output: usize, in_window: usize) -> Option<usize> {
        let place = output * self.stride + in_window * self.dilation;
        place
            .checked_sub(self.padding)
            .filter(|place| *place < self.input)
    }
}

pub(super) fn convolution(call: &Call<'_>) -> Result<Tensor, Reason> {
    let (input, weights) = (call.input(0)?, call.input(1)?);
    let [rows, columns] = slides(call, input, weights.shape.get(2..).unwrap_or_default())?;
    let groups = usize::try_from(call.integer("group", 1)).unwrap_or(0);
    let (channels, outputs, per_group) = (input.size(1), weights.size(0), weights.size(1));
    if groups == 0 || per_group * groups != channels || outputs % groups != 0 {
        return Err("has inputs whose channels do not fit each other".into());
    }
    let bias = call.optional(2).map(|bias| bias.numbers.as_slice());
    if bias.is_some_and(|bias| bias.len() != outputs) {
        return Err("should have one bias for each output channel".into());
    }
    let plane = rows.output * columns.output;
    let window = rows.window * columns.window;
    let shape = output_shape(input, outputs, rows, columns);
    let mut numbers = vec![0.0; count(&shape)?];
    let images = input
        .numbers
        .chunks((channels * rows.input * columns.input).max(1));
    for (image, output) in images.zip(numbers.chunks_mut((outputs * plane).max(1))) {
        for (channel, plane) in output.chunks_mut(plane.max(1)).enumerate() {
            plane.fill(
                bias.and_then(|bias| bias.get(channel))
                    .copied()
                    .unwrap_or(0.0),
            );
            let first = channel / (outputs / groups) * per_group;
            for source in 0..per_group {
                let start = (first + source) * rows.input * columns.input;
                let from = image.get(start..start + rows.input * columns.input);
                let start = (channel * per_group + source) * window;
                let filter = weights.numbers.get(start..start + window);
                let (Some(from), Some(filter)) = (from, filter) else {
                    return Err("has not as many weights as its shape says".into());
                };
                slide(plane, from, filter, rows, columns);
            }
        }
    }
    Tensor::new(shape, numbers)
}

/// Adds a filter's contribution, a row of the output at a time.
fn slide(plane: &mut [f32], from: &[f32], filter: &[f32], rows: Slide, columns: Slide) {
    for (row, output) in plane.chunks_mut(columns.output.max(1)).enumerate() {
        for (in_row, filter) in filter.chunks(columns.window.max(1)).enumerate() {
            let Some(place) = rows.place(row, in_row) else {
                continue;
            };
            let line = from.get(place * columns.input..(place + 1) * columns.input);
            let line = line.unwrap_or_default();
            for (in_column, weight) in filter.iter().enumerate() {
                let shift = in_column * columns.dilation;
                if columns.stride == 1 {
                    // From the first place of the output whose input is inside.
                    let skipped = columns.padding.saturating_sub(shift);
                    let start = (shift + skipped).saturating_sub(columns.padding);
                    let output = output.get_mut(skipped..).unwrap_or_default();
                    add_scaled(output, *weight, line.get(start..).unwrap_or_default());
                } else {
                    for (column, to) in output.iter_mut().enumerate() {
                        let place = columns.place(column, in_column);
                        *to += weight * place.and_then(|at| line.get(at)).copied().unwrap_or(0.0);
                    }
                }
            }
        }
    }
}

pub(super) fn max_pool(call: &Call<'_>) -> Result<Tensor, Reason> {
    pool(call, |values, _| values.fold(f32::MIN, f32::max))
}

pub(super) fn average_pool(call: &Call<'_>) -> Result<Tensor, Reason> {
    let all = call.integer("count_include_pad", 0) != 0;
    pool(call, move |values, window| {
        let (mut sum, mut inside) = (0.0, 0_u16);
        for value in values {
            sum += value;
            inside += 1;
        }
        sum / if all {
            window
        } else {
            f32::from(inside.max(1))
        }
    })
}

/// `function` gets the numbers of a window that are inside, and how many it has.
fn pool(
    call: &Call<'_>,
    function: impl Fn(&mut dyn Iterator<Item = f32>, f32) -> f32,
) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let window = call.sizes("kernel_shape")?.ok_or("lacks `kernel_shape`")?;
    let [rows, columns] = slides(call, input, &window)?;
    let size = u16::try_from(rows.window * columns.window);
    let size = f32::from(size.map_err(|_| "has too large a window")?);
    let shape = output_shape(input, input.size(1), rows, columns);
    let mut numbers = Vec::with_capacity(count(&shape)?);
    for plane in input.numbers.chunks((rows.input * columns.input).max(1)) {
        for row in 0..rows.output {
            for column in 0..columns.output {
                let mut values = (0..rows.window)
                    .filter_map(|in_row| rows.place(row, in_row))
                    .flat_map(|row| {
                        let places =
                            (0..columns.window).filter_map(move |c| columns.place(column, c));
                        places.filter_map(move |column| plane.get(row * columns.input + column))
                    })
                    .copied();
                numbers.push(function(&mut values, size));
            }
        }
    }
    Tensor::new(shape, numbers)
}

/// One number for each channel of each image.
pub(super) fn global(call: &Call<'_>, function: impl Fn(&[f32]) -> f32) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let plane = count(input.shape.get(2..).unwrap_or_default())?;
    let numbers = input.numbers.chunks(plane.max(1)).map(function).collect();
    let kept = input.shape.iter().take(2).copied();
    let shape = kept.chain(input.shape.iter().skip(2).map(|_| 1));
    Tensor::new(shape.collect(), numbers)
}

#[expect(clippy::cast_precision_loss, reason = "a number of pixels")]
pub(super) fn mean(numbers: &[f32]) -> f32 {
    numbers.iter().sum::<f32>() / numbers.len() as f32
}

pub(super) fn maximum(numbers: &[f32]) -> f32 {
    numbers.iter().copied().fold(f32::MIN, f32::max)
}

fn output_shape(input: &Tensor, channels: usize, rows: Slide, columns: Slide) -> Vec<usize> {
    let mut shape = vec![input.size(0), channels];
    if input.shape.len() == 4 {
        shape.push(rows.output);
    }
    shape.push(columns.output);
    shape
}

/// How the window slides along rows and columns; a signal is an image of one row.
fn slides(call: &Call<'_>, input: &Tensor, window: &[usize]) -> Result<[Slide; 2], Reason> {
    let axes = input
        .shape
        .len()
        .checked_sub(2)
        .filter(|axes| matches!(axes, 1 | 2));
    let axes = axes.filter(|axes| *axes == window.len());
    let axes = axes.ok_or("is supported for one or two axes that slide")?;
    let ones = || vec![1; axes];
    let strides = call.sizes("strides")?.unwrap_or_else(ones);
    let dilations = call.sizes("dilations")?.unwrap_or_else(ones);
    let padding = call.sizes("pads")?.unwrap_or_else(|| vec![0; 2 * axes]);
    let one = Slide {
        input: 1,
        output: 1,
        window: 1,
        stride: 1,
        dilation: 1,
        padding: 0,
    };
    let mut slides = [one; 2];
    for (axis, slide) in slides.iter_mut().skip(2 - axes).enumerate() {
        let get = |list: &[usize], index: usize| list.get(index).copied().unwrap_or(0);
        let (input, window) = (input.size(axis + 2), get(window, axis));
        let (stride, dilation) = (get(&strides, axis), get(&dilations, axis));
        if window == 0
            || stride == 0
            || dilation == 0
            || [window, stride, dilation, input]
                .iter()
                .any(|it| *it > 1 << 24)
        {
            return Err("has a window, stride or dilation of 0, or too large a one".into());
        }
        let reach = (window - 1) * dilation + 1;
        let (before, after) = match call.text("auto_pad") {
            b"" | b"NOTSET" => (get(&padding, axis), get(&padding, axes + axis)),
            b"VALID" => (0, 0),
            mode @ (b"SAME_UPPER" | b"SAME_LOWER") => {
                let needed = (input.div_ceil(stride).saturating_sub(1) * stride + reach)
                    .saturating_sub(input);
                let less = needed / 2;
                if mode == b"SAME_UPPER" {
                    (less, needed - less)
                } else {
                    (needed - less, less)
                }
            }
            _ => return Err("has an unknown `auto_pad`".into()),
        };
        if before > 1 << 24 || after > 1 << 24 {
            return Err("has too large a padding".into());
        }
        let room = (input + before + after).checked_sub(reach);
        let room = room.ok_or("has a window that is larger than its input")?;
        let mut output = room / stride + 1;
        if call.integer("ceil_mode", 0) != 0
            && !room.is_multiple_of(stride)
            && output * stride < input + before
        {
            output += 1;
        }
        *slide = Slide {
            input,
            output,
            window,
            stride,
            dilation,
            padding: before,
        };
    }
    Ok(slides)
}
