"""Metrics that the judge computes from predictions, never the answer."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def accuracy(predicted: Array, truth: Array) -> float:
    """Share of labels that agree.

    Args:
        predicted: labels, shape (N,).
        truth: labels, shape (N,).

    Raises:
        ValueError: the shapes differ, or there is nothing to compare.
    """
    if predicted.shape != truth.shape or predicted.size == 0:
        raise ValueError(f"expected two label arrays of one shape; received {predicted.shape} and {truth.shape}")
    return float(np.mean(predicted == truth))


def confusion_matrix(predicted: Array, truth: Array, classes: int) -> Array:
    """Counts by (true class, predicted class), shape (classes, classes).

    Args:
        predicted, truth: integer labels in 0..classes-1, shape (N,).
        classes: how many there are.

    Raises:
        ValueError: the shapes differ, or a label is out of range.
    """
    if predicted.shape != truth.shape:
        raise ValueError(f"expected two label arrays of one shape; received {predicted.shape} and {truth.shape}")
    for labels in (predicted, truth):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(f"expected labels in 0..{classes - 1}; received {labels.min()}..{labels.max()}")
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    return counts


def mean_absolute_error(predicted: Array, truth: Array) -> float:
    """Mean of |predicted − truth|, in the target's unit.

    Raises:
        ValueError: the shapes differ, or there is nothing to compare.
    """
    if predicted.shape != truth.shape or predicted.size == 0:
        raise ValueError(f"expected one shape; received {predicted.shape} and {truth.shape}: they would broadcast")
    # In doubles: the difference of two uint8 wraps around.
    return float(np.mean(np.abs(predicted.astype(np.float64) - truth.astype(np.float64))))


def roc_auc(score: Array, truth: Array) -> float:
    """Probability that a positive's score beats a negative's, ties counting half (Mann–Whitney).

    Args:
        score: shape (N,), larger means more positive.
        truth: 0 or 1, shape (N,), both present.

    Raises:
        ValueError: the shapes differ, a score is NaN, or a class is missing.
    """
    if score.shape != truth.shape or np.isnan(score).any():
        raise ValueError(f"expected a finite score for each label; received shapes {score.shape} and {truth.shape}")
    from scipy.stats import rankdata

    ranks = rankdata(score)
    positives = truth == 1
    n, m = int(positives.sum()), int((~positives).sum())
    if not n or not m:
        raise ValueError(f"an AUC needs both classes; received {n} positives and {m} negatives")
    return float((ranks[positives].sum() - n * (n + 1) / 2) / (n * m))
