"""A name as people write it finds what is meant, and asks where several may be."""

import pytest

from moecalc import InputError
from moecalc.base.names import find

KNOWN = {
    "h100-sxm": ("NVIDIA H100 SXM 80 GB", "NVIDIA H100 80GB HBM3"),
    "h100-pcie": ("NVIDIA H100 PCIe 80 GB",),
    "h800-sxm": ("NVIDIA H800 SXM 80 GB",),
    "gh200-96gb": (),
    "deepseek-v3": ("DeepSeek-V3",),
    "deepseek-v3.2": ("DeepSeek-V3.2",),
    "llama-3.1-8b": (),
}


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("h100-sxm", "h100-sxm"),
        ("H100 SXM", "h100-sxm"),
        ("h100_sxm", "h100-sxm"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("H100 80GB HBM3", "h100-sxm"),
        ("pcie h100", "h100-pcie"),
        ("H800", "h800-sxm"),
        ("GH200", "gh200-96gb"),
        ("deepseek-ai/DeepSeek-V3", "deepseek-v3"),
        ("DEEPSEEK V3", "deepseek-v3"),
        ("DeepSeek V3.2", "deepseek-v3.2"),
        ("llama3.1 8B", "llama-3.1-8b"),
    ],
)
def test_a_name_finds_what_is_meant(name, slug):
    assert find("thing", name, KNOWN) == slug


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("H100", ("'H100'", "h100-sxm, h100-pcie", "which")),
        ("deepseek", ("'deepseek'", "deepseek-v3, deepseek-v3.2", "which")),
        ("h200", ("no thing named 'h200'", "accepted are")),  # GH200 is another
        ("", ("no thing named ''", "accepted are")),
        ("/", ("no thing named '/'", "accepted are")),
        (None, ("no thing named None", "accepted are")),
        ([], ("no thing named []", "accepted are")),
    ],
)
def test_a_name_that_is_not_clear_gets_a_sentence(name, words):
    with pytest.raises(InputError) as caught:
        find("thing", name, KNOWN)
    for word in words:
        assert word in str(caught.value)


def test_of_many_candidates_some_are_named():
    with pytest.raises(InputError, match="may be a-0, .* a-7 and 4 more; say which"):
        find("thing", "a", {f"a-{i}": () for i in range(12)})
