//! The same numbers in another order or shape.

use super::Call;
use crate::tensor::{Reason, Tensor, axis, count};

pub(super) fn constant(call: &Call<'_>) -> Result<Tensor, Reason> {
    let value = call
        .attribute("value")
        .and_then(|attribute| attribute.t.as_ref());
    value.map_or_else(
        || Err("without `value` is not supported".into()),
        Tensor::of_proto,
    )
}

/// To the shape in the second input: 0 is the size that was there, -1 what is left.
pub(super) fn reshape(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let wanted = call.optional(1).map(|tensor| tensor.integers.as_slice());
    // An attribute, before version 5.
    let wanted = wanted.or_else(|| call.attribute("shape").map(|it| it.ints.as_slice()));
    let wanted = wanted.ok_or("lacks a shape")?;
    let keeps_zero = call.integer("allowzero", 0) != 0;
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (position, size) in wanted.iter().enumerate() {
        shape.push(match *size {
            0 if !keeps_zero => input.size(position),
            -1 if open.is_none() => {
                open = Some(position);
                1
            }
            size => usize::try_from(size).map_err(|_| "has a negative size")?,
        });
    }
    if let Some(size) = open.and_then(|position| shape.get(position).map(|_| position)) {
        let rest = (input.numbers.len() + input.integers.len()).checked_div(count(&shape)?);
        if let Some(place) = shape.get_mut(size) {
            *place = rest.unwrap_or(0);
        }
    }
    input.reshaped(shape)
}

/// To a matrix: the axes before one, and those from it on.
pub(super) fn flatten(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let axis = axis(call.integer("axis", 1), input.shape.len())?;
    let (rows, columns) = input.shape.split_at(axis);
    input.reshaped(vec![count(rows)?, count(columns)?])
}

pub(super) fn transpose(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let rank = input.shape.len();
    let order = call.sizes("perm")?;
    let order = order.unwrap_or_else(|| (0..rank).rev().collect());
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err("should name each axis once".into());
    }
    let step = |axis: usize| input.shape.iter().skip(axis + 1).product::<usize>();
    let steps: Vec<usize> = order.iter().map(|axis| step(*axis)).collect();
    let shape: Vec<usize> = order.iter().map(|axis| input.size(*axis)).collect();
    let mut position = vec![0_usize; rank];
    let mut numbers = Vec::with_capacity(input.numbers.len());
    for _ in 0..input.numbers.len() {
        let place: usize = position.iter().zip(&steps).map(|(p, s)| p * s).sum();
        numbers.extend(input.numbers.get(place).copied());
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

/// Without the axes of size 1, or those of them that are named.
pub(super) fn squeeze(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let rank = input.shape.len();
    let named = call
        .axes()
        .map(|axes| axes.iter().map(|it| axis(*it, rank)).collect());
    let named: Option<Vec<usize>> = named.transpose()?;
    let goes = |axis: usize| {
        input.size(axis) == 1 && named.as_ref().is_none_or(|named| named.contains(&axis))
    };
    let shape = (0..rank)
        .filter(|axis| !goes(*axis))
        .map(|axis| input.size(axis));
    input.reshaped(shape.collect())
}

/// With new axes of size 1 at these places.
pub(super) fn unsqueeze(call: &Call<'_>) -> Result<Tensor, Reason> {
    let input = call.input(0)?;
    let axes = call.axes().ok_or("lacks axes")?;
    let rank = input.shape.len() + axes.len();
    let axes = axes
        .iter()
        .map(|it| axis(*it, rank))
        .collect::<Result<Vec<_>, _>>()?;
    let mut rest = input.shape.iter();
    let shape = (0..rank).map(|axis| {
        let size = if axes.contains(&axis) {
            None
        } else {
            rest.next()
        };
        size.copied().unwrap_or(1)
    });
    let shape = shape.collect();
    input.reshaped(shape)
}

pub(super) fn concat(call: &Call<'_>) -> Result<Tensor, Reason> {
    let inputs: Vec<&Tensor> = call.inputs.iter().copied().flatten().collect();
    let first = inputs.first().ok_or("lacks an input")?;
    let axis = axis(call.integer("axis", 0), first.shape.len())?;
    let others = |tensor: &Tensor| {
        let mut shape = tensor.shape.clone();
        (axis < shape.len()).then(|| shape.remove(axis));
        shape
    };
    if inputs.iter().any(|input| others(input) != others(first)) {
        return Err("has inputs whose shapes do not fit each other".into());
    }
    let mut shape = first.shape.clone();
    let sizes = inputs.iter().map(|input| input.size(axis));
    *shape.get_mut(axis).ok_or("there is no such axis")? = sizes.sum();
    let rounds = count(shape.get(..axis).unwrap_or_default())?;
    let mut numbers = Vec::new();
    for round in 0..rounds {
        for input in &inputs {
            let length = input.numbers.len() / rounds.max(1);
            let part = input.numbers.get(round * length..(round + 1) * length);
            numbers.extend_from_slice(part.unwrap_or_default());
        }
    }
    Tensor::new(shape, numbers)
}
