import pytest
import torch

from model.compress.factorise import factorise
from model.compress.product import product_quantize
from model.item_table import DenseTable


@pytest.fixture
def dense():
    torch.manual_seed(0)
    return DenseTable(torch.randn(300, 8))


def forms(dense):
    return [dense, factorise(dense, 4), product_quantize(dense, 4, seed=0)]


def test_every_form_scores_as_its_own_vectors_do(dense):
    queries = torch.randn(3, 8)
    for table in forms(dense):
        vectors = table.vectors(torch.arange(300))
        torch.testing.assert_close(table.scores(queries), queries @ vectors.T, atol=1e-4, rtol=1e-4)
        assert table.vectors(torch.tensor([[1, 2], [3, 4]])).shape == (2, 2, 8)


def test_more_rank_and_more_parts_come_nearer_to_the_vectors_as_they_were(dense):
    def error(table):
        return (table.vectors(torch.arange(300)) - dense.table_VD).square().mean().item()

    low = [error(factorise(dense, rank)) for rank in (1, 4, 7)]
    product = [error(product_quantize(dense, parts, seed=0)) for parts in (1, 4, 8)]
    assert sorted(low, reverse=True) == low
    assert sorted(product, reverse=True) == product
    assert product[-1] < 1e-3


def test_a_catalogue_below_256_items_loses_nothing_to_product_quantization():
    few = DenseTable(torch.randn(40, 8))
    same = product_quantize(few, 2, seed=0).vectors(torch.arange(40))
    torch.testing.assert_close(same, few.table_VD, atol=1e-5, rtol=1e-5)


def test_sizes_that_make_no_sense_are_refused_with_those_that_do(dense):
    with pytest.raises(ValueError, match="rank is 8, item vectors are 8 wide; choose 1 to 7"):
        factorise(dense, 8)
    with pytest.raises(ValueError, match="parts is 3, which does not divide the width 8"):
        product_quantize(dense, 3, seed=0)
