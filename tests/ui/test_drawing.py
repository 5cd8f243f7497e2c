"""The drawing: what is attached where, told apart without colour, readable by machines too."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_family import MADE_UP

from peft_demo.adapters.parameter_count import ParameterCount, Part, Tensor
from peft_demo.models import FAMILY
from peft_demo.models.families import ARCHITECTURES
from peft_demo.ui.browser_code import ASSETS
from peft_demo.ui.drawing import draw

STYLE = ASSETS / "styles" / "drawing.css"

WIDTH, INNER = 384, 1536


def count_parameters(block=(), *, shared=(), embeddings=(), n_layers=6, architecture=FAMILY):
    return ParameterCount(
        num_adapter_parameters=1_000,
        num_head_parameters=148_610,
        num_base_parameters=22_565_376,
        file_bytes=1,
        optimizer_bytes=1,
        n_layers=n_layers,
        architecture=architecture,
        block=tuple(block),
        shared=tuple(shared),
        embeddings=tuple(embeddings),
    )


def widths(module):
    return {"ffn.lin1": (WIDTH, INNER), "ffn.lin2": (INNER, WIDTH)}.get(module, (WIDTH, WIDTH))


def trained(name, *shape):
    return Tensor(name, shape, True)


def frozen(name, *shape):
    return Tensor(name, shape, False)


def low_rank(modules, rank=8):
    return count_parameters(
        Part(
            module,
            (
                trained("lora_A", rank, widths(module)[0]),
                trained("lora_B", widths(module)[1], rank),
            ),
        )
        for module in modules
    )


def parsed(counts, label="A method"):
    return ET.fromstring(draw(counts, label))


def classes(element):
    return element.get("class", "").split()


def described(root):
    return root.findtext("p[@id='net-description']")


def module(root, name):
    (found,) = (e for e in root.iter() if e.get("title", "").startswith(f"{name}:"))
    return found


def words(element):
    """What is to be read, in the order of reading, without the description."""
    sheet = element.find("div[@class='net-sheet']")
    return " ".join(" ".join((element if sheet is None else sheet).itertext()).split())


def looks(element):
    """The boxes with a look."""
    return [
        look
        for each in element.iter()
        for look in ("net-card", "net-trained", "net-frozen")
        if look in classes(each)
    ]


def snowflakes(element):
    return [each for each in element.iter() if "net-flake" in classes(each)]


def rule(name):
    return re.search(rf"\n\.{name} {{(.*?)}}", STYLE.read_text(), re.DOTALL)[1]


def test_a_low_rank_pair_is_written_in_the_order_of_multiplication():
    root = parsed(low_rank(FAMILY.linear))
    for name in FAMILY.attention:
        assert words(module(root, name)) == f"{name} 384 × 8 · 8 × 384"
    assert words(module(root, "ffn.lin1")) == "ffn.lin1 1536 × 8 · 8 × 384"
    assert words(module(root, "ffn.lin2")) == "ffn.lin2 384 × 8 · 8 × 1536"
    assert "lora_B · lora_A" in words(root)


def test_the_other_orientation_is_written_the_same_way():
    part = Part("q_lin", (trained("w_a", 384, 4), trained("w_b", 4, 384)))
    root = parsed(count_parameters([part]))
    assert words(module(root, "q_lin")) == "q_lin 384 × 4 · 4 × 384"
    assert "w_a · w_b" in words(root)


def test_tensors_of_other_names_are_no_product_although_their_shapes_fit():
    part = Part("out_lin", (trained("scale", 32, 12), trained("shift", 12, 384)))
    assert words(module(parsed(count_parameters([part])), "out_lin")) == "out_lin 32 × 12, 12 × 384"


def test_a_vector_is_written_as_its_length():
    root = parsed(count_parameters([Part("v_lin", (trained("l", 384),))]))
    assert words(module(root, "v_lin")) == "v_lin 384"


def test_a_magnitude_beside_a_pair_follows_it():
    part = Part("q_lin", (trained("A", 8, 384), trained("B", 384, 8), trained("length", 384)))
    assert (
        words(module(parsed(count_parameters([part])), "q_lin")) == "q_lin 384 × 8 · 8 × 384, 384"
    )


def test_nothing_is_drawn_at_modules_without_a_part():
    root = parsed(low_rank(("q_lin", "v_lin")))
    for name in ("q_lin", "v_lin"):
        assert looks(module(root, name)) == ["net-frozen", "net-trained"]
    for name in {*FAMILY.linear, *FAMILY.layer_norms} - {"q_lin", "v_lin"}:
        assert words(module(root, name)) == name
        assert looks(module(root, name)) == ["net-frozen"]
        assert module(root, name).get("title") == f"{name}: frozen"


def test_the_head_is_trained_and_all_else_frozen_when_nothing_is_added():
    root = parsed(count_parameters())
    assert looks(root).count("net-trained") == 3  # the legend's, classifier and pre_classifier
    assert "all frozen" in words(root)
    assert "trains 148,610" in words(root)
    assert "The classification head is trained (148,610 parameters)." in described(root)


def test_frozen_and_trained_differ_in_more_than_colour():
    root = parsed(low_rank(FAMILY.linear))
    assert "dashed" in rule("net-frozen")
    assert "solid" in rule("net-trained")
    for name in (*FAMILY.linear, *FAMILY.layer_norms):
        assert len(snowflakes(module(root, name))) == 1
    assert {"trained", "frozen"} <= {word.text for word in root.iter("b")}


def test_a_module_that_is_trained_itself_is_no_frozen_one_with_an_adapter():
    root = parsed(
        count_parameters(
            [
                Part(name, (trained("weight", 384), trained("bias", 384)))
                for name in FAMILY.layer_norms
            ]
        )
    )
    for name in FAMILY.layer_norms:
        assert looks(module(root, name)) == ["net-trained"]
        assert not snowflakes(module(root, name))
        assert words(module(root, name)) == f"{name} 384, 384"
    assert looks(module(root, "q_lin")) == ["net-frozen"]


def test_a_trained_bias_leaves_its_module_frozen():
    root = parsed(count_parameters([Part("q_lin", (trained("bias", 384),))]))
    assert looks(module(root, "q_lin")) == ["net-frozen", "net-trained"]


def test_when_all_is_trained_nothing_is_called_frozen():
    root = parsed(
        count_parameters(
            [
                Part(name, (trained("weight", 384, 384), trained("bias", 384)))
                for name in (*FAMILY.linear, *FAMILY.layer_norms)
            ],
            embeddings=[trained("word_embeddings.weight", 30522, 384)],
        )
    )
    assert "net-frozen" not in looks(root)
    assert not snowflakes(root)
    assert "frozen" not in f"{words(root)} {described(root)}"
    assert words(module(root, "embeddings")) == "embeddings 30522 × 384"


def test_frozen_tensors_of_a_module_have_a_box_of_their_own():
    part = Part("out_lin", (trained("v", 64), frozen("P", 64, 2, 2)))
    group = module(parsed(count_parameters([part])), "out_lin")
    assert looks(group) == ["net-frozen", "net-trained", "net-frozen"]
    assert len(snowflakes(group)) == 2
    assert words(group) == "out_lin 64 64 × 2 × 2"


def test_shared_tensors_stand_once_beside_the_block_with_their_state():
    root = parsed(
        count_parameters(
            [Part("q_lin", (trained("lambda_b", 384),))],
            shared=[frozen("vera_A", 256, 384), trained("bank", 64, 128)],
        )
    )
    assert "shared by all blocks vera_A 256 × 384, frozen bank 64 × 128, trained" in words(root)
    assert looks(module(root, "q_lin")) == ["net-frozen", "net-trained"]
    assert "All blocks share vera_A 256 × 384 (frozen) and bank 64 × 128." in described(root)


def test_blocks_that_train_nothing_of_their_own_say_so():
    counts = count_parameters(
        [Part("k_lin", (frozen("A", 4, 384),))], shared=[trained("theta", 256)]
    )
    assert "× 6 blocks nothing of their own" in words(parsed(counts))


def test_shared_tensors_of_one_name_and_shape_are_counted():
    shared = [trained("B", 32, 384), trained("B", 32, 1536), trained("B", 32, 384)]
    root = parsed(count_parameters([Part("k_lin", (trained("A", 4, 384),))], shared=shared))
    assert "2 times B 32 × 384, trained B 32 × 1536, trained" in words(root)
    assert "share 2 times B 32 × 384 and B 32 × 1536." in described(root)


def test_a_long_shape_is_not_cut():
    root = parsed(count_parameters(shared=[frozen("randlora_B", 1536, 4800, 32)]))
    assert "randlora_B 1536 × 4800 × 32, frozen" in words(root)


def test_a_long_dotted_name_keeps_its_end():
    shared = [trained("prompt_encoder.mlp_head.0.weight", 128, 384)]
    assert "before every text mlp_head.0.weight 128 × 384" in words(
        parsed(count_parameters(shared=shared))
    )


def test_what_no_module_of_a_block_uses_comes_in_before_the_review():
    root = parsed(count_parameters(shared=[trained("prompt_embeddings", 10, 384)]))
    assert "before every text prompt_embeddings 10 × 384, trained" in words(root)
    assert "shared by all blocks" not in words(root)
    assert "A method puts before every text prompt_embeddings" in described(root)
    assert "all frozen" in words(root)


@pytest.mark.parametrize("name", ["q_lin", "out_lin"])
def test_many_tensors_are_counted(name):
    alike = tuple(trained(f"v.{number}", 64) for number in range(12))
    assert (
        words(module(parsed(count_parameters([Part(name, alike)])), name)) == f"{name} 12 times 64"
    )
    unlike = tuple(trained(f"v.{number}", 1000 + number, 64) for number in range(12))
    written = words(module(parsed(count_parameters([Part(name, unlike)])), name))
    shown = written.count("× 64")
    assert 0 < shown < 12
    assert written.endswith(f"and {12 - shown} more")


def test_many_shared_tensors_are_counted():
    shared = [trained(f"layer.{number}", 128, 384) for number in range(7)]
    assert "layer.1 128 × 384, trained and 5 more tensors" in words(
        parsed(count_parameters(shared=shared))
    )


def test_the_blocks_are_counted_and_what_each_trains():
    assert "× 6 blocks each trains 12,288" in words(parsed(low_rank(("q_lin", "v_lin"))))
    assert "× 1 block all frozen" in words(parsed(count_parameters(n_layers=1)))
    sheets = [
        looks(parsed(count_parameters(n_layers=number))).count("net-card") for number in (1, 2, 6)
    ]
    assert sheets == [2, 3, 4]


def test_title_and_description_say_in_words_what_is_drawn():
    root = parsed(low_rank(("q_lin", "v_lin")), "LoRA")
    assert root.get("role") == "img"
    assert root.get("aria-label") == "LoRA: what is trained where"
    assert root.get("aria-describedby") == "net-description"
    assert described(root) == (
        "In each of 6 blocks, LoRA adds lora_A 8 × 384 and lora_B 384 × 8 to q_lin and v_lin. "
        "The classification head is trained (148,610 parameters). Everything else is frozen."
    )


SEEN = st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Cs"))


@given(label=st.text(SEEN, max_size=60), name=st.text(SEEN, min_size=1, max_size=60))
def test_any_text_stays_text(label, name):
    def tags(label, name):
        part = Part("q_lin", (trained(name, 384),))
        root = parsed(count_parameters([part], shared=[frozen(name, 2)]), label)
        return [element.tag for element in root.iter()]

    assert tags(label, name) == tags("A method", "plain")


def test_markup_in_texts_is_escaped():
    label = '<b onclick="x">&'
    drawn = draw(count_parameters(shared=[trained("<script>", 2)]), label)
    assert "<b onclick" not in drawn
    assert "<script" not in drawn
    root = ET.fromstring(drawn)
    assert root.get("aria-label") == f"{label}: what is trained where"
    assert "<script>" in words(root)


def test_the_same_is_drawn_the_same():
    assert draw(low_rank(FAMILY.linear), "LoRA") == draw(low_rank(FAMILY.linear), "LoRA")


def test_another_family_is_drawn_with_its_own_names():
    drawn = words(parsed(count_parameters(architecture=MADE_UP)))
    assert "q_lin" not in drawn
    for name in (*MADE_UP.modules, *MADE_UP.head):
        assert name in drawn


def test_chosen_blocks_are_shown_one_by_one():
    def blocks(counts):
        (row,) = [e for e in parsed(counts).iter() if "net-blocks" in classes(e)] or [[]]
        return [(each.text, *classes(each)) for each in row]

    assert blocks(low_rank(["q_lin"])) == []
    some = replace(low_rank(["q_lin"]), some_blocks=(1, 4))
    assert blocks(some) == [
        (str(number), "net-trained" if number in (1, 4) else "net-frozen") for number in range(6)
    ]
    assert "In blocks 1 and 4 of 0 to 5" in described(parsed(some))


def test_a_first_block_without_a_norm_is_counted_as_it_is():
    family = ARCHITECTURES["modernbert"]
    parts = [Part(name, (trained("weight", 32),)) for name in (family.some_norm, "mlp_norm")]
    root = parsed(replace(count_parameters(parts, architecture=family), num_lacking=32))
    assert "all train 352" in words(root)
    assert "The first block has no attn_norm." in described(root)


OFF_THE_SHEET = """() => {
  const sheet = document.querySelector(".net-sheet").getBoundingClientRect();
  const inside = (box) => box.left >= sheet.left && box.right <= sheet.right + 1 &&
    box.top >= sheet.top && box.bottom <= sheet.bottom;
  return [...document.querySelectorAll(".net-sheet *")]
    .filter((e) => !inside(e.getBoundingClientRect()) || e.scrollWidth > e.clientWidth + 1)
    // What is drawn without text, and the cards behind a block's.
    .filter((e) => e.innerText && !e.matches("span, i, .net-block"))
    .map((e) => `${e.className}: ${e.innerText}`);
}"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [300, 560])
@pytest.mark.parametrize(
    ("rank", "size", "number"), [(1, 384, 0), (256, 768, 6), (16, 768, 1), (256, 4096, 3)]
)
def test_all_boxes_and_texts_are_on_the_sheet(chromium, width, rank, size, number):
    tensors = (
        trained("A", rank, size),
        trained("B", 4 * size, rank),
        *(frozen(f"P{index}", 1, size // 8, 8, 8) for index in range(number)),
    )
    counts = count_parameters([Part(name, tensors) for name in FAMILY.linear], shared=tensors)
    page = chromium.new_page(viewport={"width": width + 16, "height": 1200})
    page.set_content(f"<style>{STYLE.read_text()}</style>{draw(counts, 'A method')}")
    assert page.evaluate(OFF_THE_SHEET) == []
    page.close()
