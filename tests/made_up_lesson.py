"""A lesson with a step of each kind, as its file would say it."""

GOOD = {
    "number": 1,
    "title": "Ranks",
    "goal": "Know what a rank is.",
    "minutes": 5,
    "teacher": "Let them guess first.",
    "controls": {"preset": {"preset": "quick", "seed": "own"}, "fixed": ["r"], "hidden": ["runs"]},
    "runs": {
        "ranks": {"axes": {"r": [4, 64]}},
        "two": {"each": [{"preset": "lora-1"}, {"preset": "ia3", "learning_rate": 0.005}]},
    },
    "small": {"num_reviews": 40, "max_length": 16},
    "steps": [
        {"title": "Read", "text": "A rank is $r$."},
        {"title": "Set", "text": "Move it.", "action": {"set": {"r": 64}}},
        {"title": "Open", "text": "Look.", "action": {"open": "compare"}},
        {
            "title": "Guess",
            "text": "Which?",
            "predict": {
                "question": "Which is better?",
                "choices": [
                    {"text": "r 64", "means": {"best": {"r": 64}}},
                    {"text": "Cannot be told", "means": {"none": True}},
                ],
            },
        },
        {"title": "Start", "text": "Press it.", "action": {"start": "ranks"}},
        {
            "title": "Think",
            "text": "While it trains:",
            "question": {
                "text": "Why?",
                "choices": [
                    {"text": "So", "right": True, "because": "Yes."},
                    {"text": "Not so", "because": "No."},
                ],
            },
        },
        {"title": "See", "text": "Here.", "reveal": {"plan": "ranks"}},
        {"title": "Check", "text": "Done?", "check": {"plan": "ranks"}},
        {"title": "All", "text": "Everybody's.", "class": "ranks"},
    ],
}
