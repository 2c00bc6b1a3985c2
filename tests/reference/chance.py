"""What SciPy computes for "more than the spread says" in the report of a sweep: Welch's t-test.

    python tests/reference/chance.py [ROOT]

Writes crates/report/tests/fixtures/chance.json: the 97.5 % quantiles of Student's distribution for 1 to 30 degrees of
freedom, and pairs of samples with the test's statistic (its size) and degrees of freedom.
"""

import json

import numpy as np
from common import output, pin
from scipy.stats import t, ttest_ind

pin("numpy", "scikit-learn")

random = np.random.default_rng(0)
cases = []
for count, other_count, shift, scale in [(2, 2, 0.02, 0.01), (3, 3, 0.0, 0.02), (3, 2, 0.1, 0.01), (5, 3, 0.01, 0.003), (10, 10, 0.02, 0.02)]:
    one = (0.8 + shift + scale * random.standard_normal(count)).round(4)
    other = (0.8 + 2 * scale * random.standard_normal(other_count)).round(4)
    found = ttest_ind(one, other, equal_var=False)
    cases.append({"one": one.tolist(), "other": other.tolist(), "t": abs(found.statistic), "freedom": found.df})

quantiles = t.ppf(0.975, np.arange(1, 31)).tolist()
lines = ",\n".join(json.dumps(case) for case in cases)
output("crates/report/tests/fixtures/chance.json").write_text(
    f'{{"quantiles": {json.dumps(quantiles)},\n"cases": [\n{lines}\n]}}\n'
)
