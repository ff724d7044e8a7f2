//! The little linear algebra that Newton's method needs.

/// The dot product.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

/// Solves `matrix · x = right` for a symmetric positive definite matrix, given by rows, by Cholesky's
/// decomposition. None where it is not positive definite.
pub(crate) fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = matrix.len();
    // The lower triangle becomes L, with L · Lᵀ = matrix.
    for row in 0..size {
        for column in 0..=row {
            let (above, rest) = matrix.split_at_mut(row);
            let this = rest.first_mut()?;
            let sum = {
                let other = above.get(column).unwrap_or(this);
                dot(this.get(..column)?, other.get(..column)?)
            };
            let left = *this.get(column)? - sum;
            *this.get_mut(column)? = if row == column {
                if left.is_nan() || left <= 0.0 {
                    return None;
                }
                left.sqrt()
            } else {
                left / *above.get(column)?.get(column)?
            };
        }
    }
    for row in 0..size {
        let line = matrix.get(row)?;
        let known = dot(line.get(..row)?, right.get(..row)?);
        let value = right.get_mut(row)?;
        *value = (*value - known) / *line.get(row)?;
    }
    for row in (0..size).rev() {
        let mut known = 0.0;
        for below in row + 1..size {
            known += *matrix.get(below)?.get(row)? * *right.get(below)?;
        }
        let value = right.get_mut(row)?;
        *value = (*value - known) / *matrix.get(row)?.get(row)?;
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_what_has_a_solution_and_nothing_else() {
        let matrix = vec![
            vec![4.0, 2.0, 0.5],
            vec![2.0, 3.0, 1.0],
            vec![0.5, 1.0, 5.0],
        ];
        let wanted = [1.0, -2.0, 0.25];
        let right = matrix.iter().map(|row| dot(row, &wanted)).collect();
        let found = solve(matrix, right).unwrap();
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-12, "{found} {wanted}");
        }
        assert_eq!(
            solve(vec![vec![1.0, 2.0], vec![2.0, 1.0]], vec![0.0, 0.0]),
            None
        );
    }
}
