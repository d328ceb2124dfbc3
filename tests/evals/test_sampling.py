"""`limit`: nested, in proportion, seeded."""

from __future__ import annotations

from collections import Counter

from arena.evals.documents import Document, Part, documents_of
from arena.evals.sampling import sampled


def documents() -> list[Document]:
    parts = [Part(name, [{"q": f"{name}{n}"} for n in range(size)]) for name, size in (("a", 100), ("b", 40), ("c", 7))]
    return [document for part in parts for document in documents_of(part)]


def test_a_smaller_sample_lies_inside_a_larger_and_keeps_the_order_of_the_file() -> None:
    every = documents()
    previous: set[str] = set()
    for limit in (1, 5, 20, 60, 146, 147, 500):
        found = [document.doc_id for document in sampled(every, limit, seed=3)]
        assert len(found) == min(limit, 147)
        assert previous <= set(found)
        assert found == [d.doc_id for d in every if d.doc_id in set(found)]
        previous = set(found)


def test_subjects_come_in_proportion_and_the_seed_draws() -> None:
    every = documents()
    found = sampled(every, 74, seed=0)
    assert Counter(document.subject for document in found) == {"a": 50, "b": 20, "c": 4}
    assert [d.doc_id for d in found] != [d.doc_id for d in sampled(every, 74, seed=1)]
    assert [d.index for d in found[:50]] != list(range(50))


def test_the_same_document_has_the_same_hash_wherever_it_stands() -> None:
    one, other = documents_of(Part("a", [{"q": "x"}, {"q": "y"}])), documents_of(Part("b", [{"q": "y"}]))
    assert one[1].item == other[0].item != one[0].item
    assert one[1].doc_id == "a/1"
