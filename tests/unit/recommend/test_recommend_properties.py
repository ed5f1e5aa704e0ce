"""What holds for any workload: order, idempotence, budget, and calm under noise."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.recommend import RECOMMENDERS, index, recommend
from dbt_schema_evolve.recommend.as_if import as_if
from dbt_schema_evolve.records.changes import Budget, DropIndexSpec, IndexSpec, Selection
from dbt_schema_evolve.records.evidence import Evidence, Preferences
from tests.fakes.evidence import evidence_of
from tests.fakes.planner import RulePlanner

TABLES = ("marts.orders", 'odd schema|Tab.le "1"', "staging.lines")
COLUMNS = ("id", "day", "Kunde", 'a "b"')
WHOLE_DAY_US = 86_400_000_000
BUDGET_FOR_SOME = Budget(10_000_000)

column_facts = st.fixed_dictionaries(
    {
        "distinct": st.sampled_from([-1, -0.5, -0.01, 1, 3, 200, 50_000]),
        "nulls": st.sampled_from([0.0, 0.3, 0.9]),
        "correlation": st.sampled_from([None, 0.1, -0.99, 1.0]),
        "width": st.sampled_from([4, 8, 30]),
    }
)
index_facts = st.fixed_dictionaries(
    {
        "keys": st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=3, unique=True),
        "scans": st.sampled_from([None, 0, 70]),
        "primary": st.booleans(),
        "valid": st.sampled_from([True, True, False]),
    }
)
table_facts = st.fixed_dictionaries(
    {
        "rows": st.sampled_from([100, 300_000, 40_000_000]),
        "bytes": st.sampled_from([None, 8192, 9_000_000_000]),
        "materialized": st.sampled_from(["table", "incremental"]),
        "builds": st.integers(0, 3),
        "columns": st.fixed_dictionaries(
            {**dict.fromkeys(COLUMNS, column_facts), "wide": st.just({"width": 150})}
        ),
        # Two that are the same are in the golden cases: one goes at a time.
        "indexes": st.lists(
            index_facts, max_size=3, unique_by=lambda each: (tuple(each["keys"]), each["primary"])
        ),
    }
)


def _terms(table: str) -> st.SearchStrategy[list[str]]:
    names = st.sampled_from([f"{table}/{column}" for column in COLUMNS])
    return st.lists(names, max_size=2, unique=True)


def _query_facts(tables: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(tables).flatmap(
        lambda table: st.fixed_dictionaries(
            {
                "calls": st.integers(1, 10_000),
                "us": st.integers(1, WHOLE_DAY_US),
                "equality": _terms(table),
                "one_of": _terms(table),
                "range": _terms(table),
                "join": _terms(table),
                "order": _terms(table),
                "output": st.just([f"{table}/id"]),
            }
        )
    )


evidences = st.fixed_dictionaries(
    {
        "relations": st.fixed_dictionaries(dict.fromkeys(TABLES, table_facts)),
        "queries": st.dictionaries(
            st.sampled_from([f"q{n}" for n in range(6)]), _query_facts(TABLES), max_size=6
        ),
    }
).map(evidence_of)
budgets = st.sampled_from([0, 1_000_000, 3_000_000, 100_000_000]).map(Budget)


def advice(evidence: Evidence, budget: Budget) -> Selection:
    return recommend(evidence, RulePlanner(evidence), budget)


def shuffled(evidence: Evidence, rng: Random) -> Evidence:
    def mixed(mapping: Any) -> Any:
        return dict(rng.sample(list(mapping.items()), len(mapping)))

    return replace(
        evidence,
        queries=tuple(rng.sample(evidence.queries, len(evidence.queries))),
        models=mixed(evidence.models),
        relations=mixed(evidence.relations),
        columns={
            name: tuple(rng.sample(each, len(each)))
            for name, each in mixed(evidence.columns).items()
        },
        indexes={
            name: tuple(rng.sample(each, len(each)))
            for name, each in mixed(evidence.indexes).items()
        },
    )


@settings(max_examples=50, deadline=None)
@given(evidences, st.randoms(use_true_random=False))
def test_order_of_the_facts_never_changes_the_candidates(evidence: Evidence, rng: Random) -> None:
    other = shuffled(evidence, rng)
    for recommender in RECOMMENDERS:
        assert list(recommender.propose(evidence)) == list(recommender.propose(other))


@settings(max_examples=25, deadline=None)
@given(evidences, budgets, st.randoms(use_true_random=False))
def test_order_of_the_facts_never_changes_the_advice(
    evidence: Evidence, budget: Budget, rng: Random
) -> None:
    assert advice(evidence, budget) == advice(shuffled(evidence, rng), budget)


@settings(max_examples=50, deadline=None)
@given(evidences)
def test_taking_all_indexes_leaves_none_to_propose(evidence: Evidence) -> None:
    specs = frozenset(candidate.spec for candidate in index.propose(evidence))
    taken = as_if(evidence, specs, lambda _: 0.0, lambda _: 1)
    assert not list(index.propose(taken))


@settings(max_examples=50, deadline=None)
@given(evidences)
def test_candidates_have_columns_that_exist_each_once_and_no_more_keys_than_allowed(
    evidence: Evidence,
) -> None:
    for candidate in index.propose(evidence):
        spec = candidate.spec
        assert isinstance(spec, IndexSpec)
        columns = [*(key.term for key in spec.keys), *spec.include]
        assert {*columns} <= {each.column for each in evidence.columns[spec.relation]}
        assert len(columns) == len({*columns})
        assert 1 <= len(spec.keys) <= evidence.preferences.max_key_columns
        assert candidate.fingerprints


@settings(max_examples=25, deadline=None)
@given(evidences, st.integers(1, 4))
def test_stock_indexes_have_nothing_that_stock_dbt_cannot_say(
    evidence: Evidence, width: int
) -> None:
    stock = Preferences(max_key_columns=width, stock_indexes_only=True)
    for candidate in index.propose(replace(evidence, preferences=stock)):
        spec = candidate.spec
        assert isinstance(spec, IndexSpec)
        assert (spec.where, spec.include, spec.unique) == ("", (), False)
        assert len(spec.keys) <= width


@settings(max_examples=25, deadline=None)
@given(evidences, budgets)
def test_advice_that_was_taken_is_not_given_again(evidence: Evidence, budget: Budget) -> None:
    first = advice(evidence, budget)
    taken = as_if(evidence, first.configuration, lambda _: 0.0, lambda _: 1_000_000)
    again = advice(taken, Budget(0))
    assert not first.configuration & again.configuration


@settings(max_examples=25, deadline=None)
@given(evidences, budgets)
def test_the_budget_holds_and_nothing_gets_dearer(evidence: Evidence, budget: Budget) -> None:
    selection = advice(evidence, budget)
    added = [max(each.estimated_bytes, 0) for each in selection.recommendations]
    assert sum(added) <= budget.bytes
    assert selection.estimated_cost_after <= selection.estimated_cost_before * 1.02
    if not budget.bytes:
        assert all(isinstance(each.spec, DropIndexSpec) for each in selection.recommendations)


@settings(max_examples=25, deadline=None)
@given(evidences, budgets)
def test_nothing_chosen_exists_or_is_unique_and_nothing_protected_goes(
    evidence: Evidence, budget: Budget
) -> None:
    protected = {
        profile.spec
        for profiles in evidence.indexes.values()
        for profile in profiles
        if profile.is_primary
    }
    lone = {
        spec
        for spec in protected
        if all(p.is_primary for p in evidence.indexes[spec.relation] if p.spec == spec)
    }
    for each in advice(evidence, budget).recommendations:
        if isinstance(each.spec, IndexSpec):
            there = evidence.indexes[each.spec.relation]
            assert not each.spec.unique
            assert each.spec not in {profile.spec for profile in there if profile.is_valid}
        elif isinstance(each.spec, DropIndexSpec):
            assert each.spec.index not in lone


def test_a_query_that_does_everything_with_a_table_makes_a_bounded_number_of_candidates() -> None:
    roles = ("equality", "one_of", "range", "join", "order", "group")
    columns = {f"c{n}": {"distinct": 40, "nulls": 0.6} for n in range(60)}
    query: dict[str, list[str]] = {
        role: [f"marts.orders/c{10 * place + n}='x'" for n in range(10)]
        for place, role in enumerate(roles)
    }
    table = {"rows": 1_000_000, "bytes": 900_000_000, "columns": columns}
    evidence = evidence_of({"relations": {"marts.orders": table}, "queries": {"q": query}})
    assert len(list(index.propose(evidence))) < 1000


def test_five_percent_of_noise_in_the_calls_changes_no_index_that_matters() -> None:
    rng = Random(7)
    columns = [f"c{n}" for n in range(9)]
    case: dict[str, Any] = {
        "relations": {
            table: {
                "rows": 3_000_000,
                "bytes": 600_000_000,
                "materialized": "incremental",
                "builds": 0,
                "columns": {c: {"distinct": 10 * (n + 2)} for n, c in enumerate(columns)},
            }
            for table in TABLES
        },
        # No two queries with nearly the same weight: a tie within the noise can go either way.
        "queries": {
            f"q{n}": {
                "calls": round(20 * 1.5**n),
                "equality": [f"{TABLES[n % 3]}/{columns[n // 3]}"],
                "range": [f"{TABLES[n % 3]}/{columns[-1 - n // 3]}"],
                "output": [f"{TABLES[n % 3]}/{column}" for column in columns],
            }
            for n in range(12)
        },
    }
    evidence = evidence_of(case)
    before = advice(evidence, BUDGET_FOR_SOME)
    matter = {each.spec for each in before.recommendations if each.estimated_benefit_ratio > 0.02}
    assert len(matter) >= 4
    assert any("of the budget are left" in each.reason for each in before.rejected)
    for _ in range(10):
        queries = tuple(
            replace(query, calls=round(query.calls * rng.uniform(0.95, 1.05)))
            for query in evidence.queries
        )
        after = advice(replace(evidence, queries=queries), BUDGET_FOR_SOME)
        assert matter <= after.configuration


def test_hundreds_of_candidates_are_chosen_from_with_few_questions() -> None:
    rng = Random(1)
    tables = [f"marts.t{n}" for n in range(12)]
    columns = [f"c{n}" for n in range(12)]
    case: dict[str, Any] = {
        "relations": {
            table: {
                "rows": 1_000_000,
                "bytes": 900_000_000,
                "materialized": "incremental",
                "builds": 0,
                "columns": {
                    **{c: {"distinct": 9 + 7**n % 1000} for n, c in enumerate(columns)},
                    "x": {"width": 200},
                },
            }
            for table in tables
        },
        "queries": {
            f"q{n:03}": {
                "calls": rng.randint(1, 5000),
                "equality": [f"{table}/{c}" for c in rng.sample(columns, 3)],
                "range": [f"{table}/{rng.choice(columns)}"],
            }
            for n in range(70)
            for table in [rng.choice(tables)]
        },
    }
    evidence = evidence_of(case)
    proposed = len(list(index.propose(evidence)))
    planner = RulePlanner(evidence)
    selection = recommend(evidence, planner, Budget(150_000_000, candidates_at_once=2000))
    assert proposed >= 500
    assert len(selection.priced) == 70
    assert len(selection.recommendations) > 15
    assert selection.oracle_calls == planner.calls
    assert planner.calls < 3 * proposed
    assert planner.priced < 12 * proposed
