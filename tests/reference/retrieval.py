"""Metrics of retrieval by sentence-transformers' InformationRetrievalEvaluator.

    python tests/reference/retrieval.py [ROOT]     writes crates/metrics/tests/fixtures/retrieval.json

Each of `cases` has the `pairs` of a split, [query, document], the `documents` that are nobody's partner, the `similarities` of
the distinct queries and documents, in the order in which they come, and what `compute_metrics` makes of the ten most similar
documents of each query: `mrr@10`, `recall@1`, `recall@10`. No two similarities of a query are equal: ties are broken in no
particular order there.
"""

import json
import random

from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

from common import output, pin

pin("sentence-transformers")


def case(generator: random.Random) -> dict:
    count = generator.choice([1, 3, 12, 40])
    queries = [f"q{generator.randrange(max(1, int(count * 0.8)))}" for _ in range(count)]
    pairs = [[query, f"d{generator.randrange(count)}"] for query in queries]
    others = [f"n{number}" for number in range(generator.choice([0, 2, 15]))]
    names, documents, relevant = [], [], {}
    for query, document in pairs:
        names += [query] * (query not in names)
        documents += [document] * (document not in documents)
        relevant.setdefault(query, set()).add(document)
    documents += others
    similarities = [generator.sample([value / 997 for value in range(-997, 997)], len(documents)) for _ in names]
    for query, row in zip(names, similarities):
        # Otherwise partners are hardly ever found.
        for document in relevant[query]:
            if generator.random() < 0.6:
                row[documents.index(document)] += generator.random() + 1e-7
    evaluator = InformationRetrievalEvaluator(
        {name: name for name in names},
        {name: name for name in documents},
        relevant,
        mrr_at_k=[10],
        precision_recall_at_k=[1, 10],
        accuracy_at_k=[1],
        ndcg_at_k=[10],
        map_at_k=[10],
    )
    hits = [
        sorted(({"corpus_id": name, "score": score} for name, score in zip(documents, row)), key=lambda hit: -hit["score"])[:10]
        for row in similarities
    ]
    found = evaluator.compute_metrics(hits)
    return {
        "pairs": pairs,
        "documents": others,
        "similarities": similarities,
        "mrr@10": float(found["mrr@k"][10]),
        "recall@1": float(found["recall@k"][1]),
        "recall@10": float(found["recall@k"][10]),
    }


if __name__ == "__main__":
    generator = random.Random(7)
    cases = [case(generator) for _ in range(24)]
    lines = ",\n".join(json.dumps(one) for one in cases)
    output("crates/metrics/tests/fixtures/retrieval.json").write_text(f'{{"cases": [\n{lines}\n]}}\n')
