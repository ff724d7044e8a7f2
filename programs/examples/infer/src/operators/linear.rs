//! Products of matrices.

use super::Call;
use super::elementwise::broadcast;
use crate::tensor::{Reason, Tensor, count};

/// `alpha · A · B + beta · C`, with A or B transposed if asked for.
pub(super) fn gemm(call: &Call<'_>) -> Result<Tensor, Reason> {
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let matrix = |index: usize, transposed: &str| {
        let input = call.input(index)?;
        if input.shape.len() != 2 {
            return Err(Reason::from("needs matrices"));
        }
        if call.integer(transposed, 0) == 0 {
            return Ok(input.clone());
        }
        let (rows, columns) = (input.size(0), input.size(1));
        let places =
            (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
        let numbers = places.filter_map(|place| input.numbers.get(place).copied());
        Tensor::new(vec![columns, rows], numbers.collect())
    };
    let mut output = matmul(&matrix(0, "transA")?, &matrix(1, "transB")?)?;
    output.numbers.iter_mut().for_each(|x| *x *= alpha);
    if let Some(bias) = call.optional(2) {
        if broadcast(&bias.shape, &output.shape)? != output.shape {
            return Err("has inputs whose shapes do not fit each other".into());
        }
        let columns = output.size(1);
        // One row for all, one number for all, one number a row, or as many as there are.
        let rows = match bias.shape.as_slice() {
            [.., last] if *last == columns && bias.numbers.len() == columns => {
                bias.numbers.chunks(columns.max(1))
            }
            _ if bias.numbers.len() == output.numbers.len() => bias.numbers.chunks(columns.max(1)),
            _ => bias.numbers.chunks(1),
        };
        for (row, bias) in output.numbers.chunks_mut(columns.max(1)).zip(rows.cycle()) {
            for (x, bias) in row.iter_mut().zip(bias.iter().cycle()) {
                *x += beta * bias;
            }
        }
    }
    Ok(output)
}

/// The product of two matrices, or of as many as the axes before them say (of which the right one may
/// have none).
pub(super) fn matmul(left: &Tensor, right: &Tensor) -> Result<Tensor, Reason> {
    let [before @ .., rows, inner] = left.shape.as_slice() else {
        return Err("needs matrices".into());
    };
    let [others @ .., second_inner, columns] = right.shape.as_slice() else {
        return Err("needs matrices".into());
    };
    if inner != second_inner || !(others.is_empty() || others == before) {
        return Err("has inputs whose shapes do not fit each other".into());
    }
    let mut shape = before.to_vec();
    shape.extend([*rows, *columns]);
    let mut numbers = vec![0.0; count(&shape)?];
    let products = numbers.chunks_mut((rows * columns).max(1));
    let lefts = left.numbers.chunks((rows * inner).max(1));
    let rights = right.numbers.chunks((inner * columns).max(1)).cycle();
    for ((product, left), right) in products.zip(lefts).zip(rights) {
        let rows = product
            .chunks_mut((*columns).max(1))
            .zip(left.chunks((*inner).max(1)));
        for (output, row) in rows {
            for (factor, line) in row.iter().zip(right.chunks((*columns).max(1))) {
                add_scaled(output, *factor, line);
            }
        }
    }
    Tensor::new(shape, numbers)
}

/// `to += factor · from`, four or more at a time where the processor can.
pub(super) fn add_scaled(to: &mut [f32], factor: f32, from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}
