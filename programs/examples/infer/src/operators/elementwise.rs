//! Number by number.

use super::Call;
use crate::tensor::{Reason, Tensor, axis, count};

/// Combines two arrays; one is repeated along axes where it has size 1 (numpy's broadcasting).
pub(super) fn two(call: &Call<'_>, function: impl Fn(f32, f32) -> f32) -> Result<Tensor, Reason> {
    let (left, right) = (call.input(0)?, call.input(1)?);
    if call.inputs.len() > 2 {
        return Err("with more than two inputs is not supported".into());
    }
    if left.shape == right.shape {
        let pairs = left.numbers.iter().zip(&right.numbers);
        let numbers = pairs.map(|(a, b)| function(*a, *b)).collect();
        return Tensor::new(left.shape.clone(), numbers);
    }
    let shape = broadcast(&left.shape, &right.shape)?;
    let total = count(&shape)?;
    let (left_steps, right_steps) = (steps(&left.shape, &shape), steps(&right.shape, &shape));
    let mut numbers = Vec::with_capacity(total);
    let mut position = vec![0_usize; shape.len()];
    for _ in 0..total {
        let at =
            |steps: &[usize]| -> usize { position.iter().zip(steps).map(|(p, s)| p * s).sum() };
        let a = left.numbers.get(at(&left_steps));
        let b = right.numbers.get(at(&right_steps));
        let (Some(a), Some(b)) = (a, b) else {
            return Err("needs numbers".into());
        };
        numbers.push(function(*a, *b));
        for (place, size) in position.iter_mut().zip(&shape).rev() {
            *place += 1;
            if *place < *size {
                break;
            }
            *place = 0;
        }
    }
    Tensor::new(shape, numbers)
}

/// The common shape of two.
pub(super) fn broadcast(left: &[usize], right: &[usize]) -> Result<Vec<usize>, Reason> {
    let rank = left.len().max(right.len());
    let size = |shape: &[usize], axis: usize| {
        let lacking = rank - shape.len();
        axis.checked_sub(lacking)
            .and_then(|axis| shape.get(axis).copied())
            .unwrap_or(1)
    };
    let sizes = (0..rank).map(|axis| match (size(left, axis), size(right, axis)) {
        (a, b) if a == b => Ok(a),
        (1, size) | (size, 1) => Ok(size),
        _ => Err("has inputs whose shapes do not fit each other".into()),
    });
    sizes.collect()
}

/// How far it is in `shape`'s array to the next place along each axis of `wide`.
fn steps(shape: &[usize], wide: &[usize]) -> Vec<usize> {
    let mut step = 1;
    let mut steps: Vec<usize> = shape
        .iter()
        .rev()
        .map(|size| {
            let this = if *size == 1 { 0 } else { step };
            step *= size;
            this
        })
        .collect();
    steps.resize(wide.len(), 0);
    steps.reverse();
    steps
}

/// Limits are attributes before version 11, inputs since.
pub(super) fn clip(call: &Call<'_>) -> Result<Tensor, Reason> {
    let limit = |index: usize, name: &str, default: f32| {
        let input = call
            .optional(index)
            .and_then(|tensor| tensor.numbers.first());
        input.copied().unwrap_or_else(|| call.float(name, default))
    };
    let (least, most) = (limit(1, "min", f32::MIN), limit(2, "max", f32::MAX));
    Ok(call.input(0)?.map(|x| x.max(least).min(most)))
}

/// Before version 13, over all axes from one on; since, along one.
pub(super) fn softmax(call: &Call<'_>, logarithm: bool) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let rank = input.shape.len();
    let old = call.version < 13;
    let axis = axis(call.integer("axis", if old { 1 } else { -1 }), rank)?;
    if !old && axis + 1 != rank {
        return Err("along another axis than the last is not supported".into());
    }
    let length = count(input.shape.get(axis..).unwrap_or_default())?;
    let mut output = input.clone();
    for row in output.numbers.chunks_mut(length.max(1)) {
        let most = row.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = row.iter().map(|x| libm::expf(x - most)).sum();
        for x in row {
            *x = if logarithm {
                *x - most - libm::logf(sum)
            } else {
                libm::expf(*x - most) / sum
            };
        }
    }
    Ok(output)
}

/// As it is used after training: with the means and variances of then.
pub(super) fn batch_normalization(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let (scale, bias) = (call.input(1)?, call.input(2)?);
    let (mean, variance) = (call.input(3)?, call.input(4)?);
    let epsilon = call.float("epsilon", 1e-5);
    let channels = input.size(1);
    if [scale, bias, mean, variance]
        .iter()
        .any(|t| t.numbers.len() != channels)
    {
        return Err("should have as many numbers as there are channels".into());
    }
    let plane = count(input.shape.get(2..).unwrap_or_default())?;
    let mut output = input.clone();
    for image in output.numbers.chunks_mut((channels * plane).max(1)) {
        let parameters = scale.numbers.iter().zip(&bias.numbers);
        let statistics = mean.numbers.iter().zip(&variance.numbers);
        let channels = image.chunks_mut(plane.max(1));
        for (channel, ((scale, bias), (mean, variance))) in channels.zip(parameters.zip(statistics))
        {
            let factor = scale / (variance + epsilon).sqrt();
            channel
                .iter_mut()
                .for_each(|x| *x = (*x - mean) * factor + bias);
        }
    }
    Ok(output)
}
