"""A long conversation of two friends, written for these tests, with questions and the turns that answer them.

Each topic is a short exchange whose later turns do not name what they are about, as people
talk. Fillers stand between. Questions are worded differently from the turns. All of it was looked at
while the search was built.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.memory_db.talks import Question, Turn

# two lines a topic: turns separated by |, spoken in turn by the two; then question > number of the answering turn
TOPICS = Path(__file__).with_name("otherwise-worded.txt").read_text(encoding="utf-8")
FILLERS = (
    "Hey, good to hear from you!",
    "Hope you have a great day!",
    "That sounds wonderful, tell me more.",
    "I know what you mean.",
    "How are things with you these days?",
    "Not much news here, work is busy as always.",
    "Thanks for listening, it means a lot.",
    "Talk to you soon, take care!",
    "Haha, that is so typical.",
    "By the way, the weather was awful all week.",
    "Did you watch the match yesterday?",
    "I was too tired to cook, so we ordered pizza.",
    "Let's catch up over coffee some time.",
    "You always know how to cheer me up.",
    "Anyway, I should get back to work.",
    "My mother says hello.",
    "I've been trying to spend less time on my phone.",
    "We really need a holiday.",
    "Wow, I had no idea!",
    "That's great news!",
    "Honestly, some days are just like that.",
    "I love how supportive you are.",
    "It was a long week, but a good one.",
    "Yes, exactly!",
    "I'll think about it and let you know.",
    "Same here, nothing special planned.",
)
FIRST = datetime(2023, 1, 7, 19, tzinfo=UTC)


def otherwise_worded(sessions: int = 20, fillers: int = 20, seed: int = 5) -> tuple[list[Turn], list[Question]]:
    """Return the turns in order and the questions; ``fillers`` is how many stand in each session."""
    chance = random.Random(seed)
    blocks = TOPICS.strip().split("\n")
    topics = [(blocks[i].split(" | "), blocks[i + 1].split(" # ")) for i in range(0, len(blocks), 2)]
    placed: list[list[int]] = [[] for _ in range(sessions)]
    for number in chance.sample(range(len(topics)), len(topics)):
        placed[number % sessions].append(number)
    turns: list[Turn] = []
    questions: list[Question] = []
    for session, numbers in enumerate(placed, start=1):
        said: list[tuple[str, str, int, int]] = []
        for number in numbers:
            said += _fillers(chance, fillers // (2 * len(numbers)))
            names = _speakers(number, topics[number][1])
            said += [(names[i % 2], text, number, i + 1) for i, text in enumerate(topics[number][0])]
            said += _fillers(chance, fillers // (2 * len(numbers)))
        for i, (speaker, text, number, place) in enumerate(said, start=1):
            turn = Turn(f"D{session}:{i}", session, speaker, text, FIRST + timedelta(days=9 * session, minutes=i))
            turns.append(turn)
            questions += [
                Question("single", asked, (turn,))
                for asked, answer in (item.rsplit(" > ", 1) for item in (topics[number][1] if number >= 0 else []))
                if int(answer) == place
            ]
    return turns, questions


def _fillers(chance: random.Random, count: int) -> list[tuple[str, str, int, int]]:
    return [(("Dana", "Miles")[i % 2], text, -1, 0) for i, text in enumerate(chance.choices(FILLERS, k=count))]


def _speakers(number: int, asked: list[str]) -> tuple[str, str]:
    """Whom the questions are about says the odd turns, but for the first topic, where she is asked."""
    about = "Dana" if "Dana" in asked[0] else "Miles"
    other = "Miles" if about == "Dana" else "Dana"
    return (other, about) if number == 0 else (about, other)
