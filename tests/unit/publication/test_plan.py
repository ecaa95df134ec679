"""What is published is declared once, and a declaration that contradicts itself is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dxpipeline.publication.plan import PUBLICATION, PublicationError, load_publication


def test_the_publication_is_read() -> None:
    publication = load_publication()
    assert [resource.name for resource in publication.resources] == [
        "dim_indicator",
        "fct_indicator_value",
        "dim_target",
        "dim_observation",
        "target_progress",
        "dictionary",
    ]
    assert [one.name for one in publication.licenses] == ["CC-BY-4.0"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "primary_key: [relation_name, column_name]",
            "primary_key: [relation_name, field]",
            r"resources.5: .*its keys name columns that it does not publish: field",
        ),
        (
            "references: [indicator_code]}",
            "references: [code]}",
            r"fct_indicator_value refers to dim_indicator \(code\), which is not published",
        ),
        (
            "resource: dim_target",
            "resource: dim_goal",
            r"target_progress refers to dim_goal \(document_code, .*\), which is not published",
        ),
        (
            "name: chuyen-doi-so-thanh-hoa",
            "name: Chuyển đổi số",
            r"publication.yaml, name: String should match",
        ),
        ("licenses:", "licences:", r"publication.yaml, licenses: Field required"),
        ("name: dictionary", "name: mart.dictionary", r"resources.5.name: String should match"),
        ("resources:", "resources: [", r"publication.yaml cannot be read"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = PUBLICATION.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "publication.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PublicationError, match=message):
        load_publication(path)
