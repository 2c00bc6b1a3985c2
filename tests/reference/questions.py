"""40 questions in the layout of SQuAD 2.0, ten of them without an answer: `tests/fixtures/questions/dev-v2.0.json`.

Contexts, questions and answers are written here; the places of the answers are what Python's `str.index` finds, which counts
Unicode code points. Keys and their order are those of the official dev-v2.0.json, whose unanswerable questions have
`plausible_answers`. Several answers of a question are several true wordings, as three annotators gave them there.
"""

import json

from common import output

# An article, its paragraphs; of a paragraph the context, the questions with their answers, and one without: what would be a
# plausible answer.
ARTICLES = {
    "Harbour": [
        (
            "The ferry to Galway leaves at 9:40 from pier three. A ticket costs £12, bicycles included. The captain is Anna Krause, "
            "who has crossed the bay for twelve years.",
            [
                ("What time does the ferry leave?", ["9:40", "at 9:40"]),
                ("How much is a ticket?", ["£12"]),
                ("Who is the captain?", ["Anna Krause", "Krause"]),
            ],
            ("When does the ferry come back?", "9:40"),
        ),
        (
            "Zoë Søndergaard – a diver from Malmö – found 240 bottles near the lighthouse in 1987.\nThe museum paid €900 for the oldest "
            "one; the others stand in her kitchen.",
            [
                ("Who found the bottles?", ["Zoë Søndergaard", "Zoë Søndergaard – a diver from Malmö"]),
                ("How many bottles were found?", ["240", "240 bottles"]),
                ("Where do the other bottles stand?", ["her kitchen", "in her kitchen"]),
            ],
            ("Who owns the lighthouse?", "Zoë Søndergaard"),
        ),
        (
            "🚢🚢 Two ships lie in the harbour. The white one goes to Oslo on Friday, the red one to Cork on Sunday. The red one is "
            "older: it was built in 1931.",
            [
                ("Where does the red ship go?", ["Cork", "to Cork"]),
                ("On which day does the white ship go to Oslo?", ["Friday", "on Friday"]),
                ("When was the red ship built?", ["1931", "in 1931"]),
            ],
            ("When was the white ship built?", "1931"),
        ),
        (
            "Fog. No boat left on Tuesday. The café served onion soup to 31 people who waited until half past six.",
            [
                ("Why did no boat leave?", ["Fog"]),
                ("What did the café serve?", ["onion soup"]),
                ("Until when did the people wait?", ["half past six", "until half past six"]),
            ],
            ("How much was the soup?", "31"),
        ),
    ],
    "Bread": [
        (
            "Tom Okafor is a baker from Lyon. He sells rye bread, and at noon nothing is left of it. His oven is older than the "
            "station.",
            [
                ("Where is the baker from?", ["Lyon"]),
                ("What does the baker sell?", ["rye bread"]),
                ("When is nothing left?", ["noon", "at noon"]),
            ],
            ("Who built the oven?", "Tom Okafor"),
        ),
        (
            "In 2004 the bakery moved to the old post office, because the roof of the first shop leaked. \"Bread does not swim,\" said "
            "Ines O'Hara-Núñez, its owner.",
            [
                ("Where did the bakery move?", ["the old post office", "old post office"]),
                ("Who is the owner?", ["Ines O'Hara-Núñez"]),
                ("What does not swim?", ["Bread"]),
            ],
            ("When was the roof repaired?", "2004"),
        ),
        (
            "A loaf weighs 750 g and costs three pounds. The longest queue had ninety people in it, on 24 December.",
            [
                ("How heavy is a loaf?", ["750 g"]),
                ("How much does a loaf cost?", ["three pounds"]),
                ("When was the longest queue?", ["24 December", "on 24 December"]),
            ],
            ("How long did people queue on 24 December?", "ninety"),
        ),
    ],
    "The_tower": [
        (
            "The clock of Kraków's town hall has been late since 1962. Marek climbs its 340 stairs each Monday. To mend it would take "
            "five weeks.",
            [
                ("Since when has the clock been late?", ["1962", "since 1962"]),
                ("How many stairs are there?", ["340"]),
                ("How long would it take to mend the clock?", ["five weeks"]),
            ],
            ("What would it cost to mend the clock?", "five weeks"),
        ),
        (
            "  The tower is 61 m high.\tIts bell, cast by Jürgen Haas, is called \"Little Anna\"; it rings at noon, and nobody knows why. ",
            [
                ("How high is the tower?", ["61 m"]),
                ("Who cast the bell?", ["Jürgen Haas"]),
                ("What is the bell called?", ["\"Little Anna\"", "Little Anna"]),
            ],
            ("When was the bell cast?", "noon"),
        ),
        (
            "時計塔 means clock tower in Japanese. The one in Sapporo was built in 1878; it is white and made of wood.",
            [
                ("What means clock tower in Japanese?", ["時計塔"]),
                ("Where was the clock tower built in 1878?", ["Sapporo", "in Sapporo"]),
                ("What colour is the clock tower in Sapporo?", ["white"]),
            ],
            ("Who built the clock tower in Sapporo?", "Japanese"),
        ),
    ],
}


def answer(context: str, text: str) -> dict:
    assert text in context, f"{text!r} is not in {context!r}"
    return {"text": text, "answer_start": context.index(text)}


def paragraph(name: str, context: str, answered: list, unanswered: tuple) -> dict:
    qas = [
        {"question": question, "id": f"{name}-{number}", "answers": [answer(context, text) for text in texts], "is_impossible": False}
        for number, (question, texts) in enumerate(answered, 1)
    ]
    question, plausible = unanswered
    qas.append(
        {
            "plausible_answers": [answer(context, plausible)],
            "question": question,
            "id": f"{name}-{len(qas) + 1}",
            "answers": [],
            "is_impossible": True,
        }
    )
    return {"qas": qas, "context": context}


data = [
    {"title": title, "paragraphs": [paragraph(f"{title.lower()}-{number}", *parts) for number, parts in enumerate(paragraphs, 1)]}
    for title, paragraphs in ARTICLES.items()
]
questions = [qa for article in data for part in article["paragraphs"] for qa in part["qas"]]
assert len(questions) == 40 and sum(qa["is_impossible"] for qa in questions) == 10
text = json.dumps({"version": "v2.0", "data": data}, ensure_ascii=False, indent=1)
output("tests/fixtures/questions/dev-v2.0.json").write_text(text + "\n", encoding="utf-8")
