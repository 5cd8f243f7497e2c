"""Where sliders stop."""

from peft_demo.fields.stops import stops


def test_a_slider_by_factors_stops_where_people_count():
    rank = stops({"min": 1, "max": 256, "step": 1, "log": True})
    assert rank[:16] == [1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 64]
    assert rank[16:] == [80, 100, 125, 160, 200, 250, 256]
    rate = stops({"min": 1e-7, "max": 1.0, "step": None, "log": True})
    assert rate[12:18] == [1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3]
    assert (rate[0], rate[-1]) == (1e-7, 1)


def test_a_slider_of_equal_steps_stops_at_each():
    assert stops({"min": 0, "max": 0.3, "step": 0.1, "log": False}) == [0, 0.1, 0.2, 0.3]
    assert stops({"min": 1, "max": 4, "step": 1, "log": False}) == [1, 2, 3, 4]
