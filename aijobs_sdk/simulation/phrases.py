"""What simulated answers are made of: openings, halves of sentences, closings; `{topic}` is the prompt's topic."""

OPENINGS = (
    "Here is a short answer about *{topic}*, with the main points first and the details after.",
    "There is more than one way to look at *{topic}*; this one goes from the plain to the particular.",
    "The question of *{topic}* comes down to a few things that are easy to name and harder to keep in view.",
    "What follows takes *{topic}* step by step and says at each step why it matters.",
    "A good place to begin with *{topic}* is what is already known and not in dispute.",
    "It helps to take *{topic}* apart before putting it together again.",
)

LEADS = (
    "In practice,",
    "Seen from a distance,",
    "At first,",
    "Over time,",
    "Put simply,",
    "On a small scale,",
    "When more is at stake,",
    "In most cases,",
    "Looking closer,",
    "More often than not,",
    "For a newcomer,",
    "For those who have done it before,",
    "As a rule,",
    "After a while,",
    "In a quiet week,",
    "Under pressure,",
)

CLAIMS = (
    "the first step matters more than the last one",
    "small and regular checks find a problem while it is still cheap",
    "a plain description does more than a clever one",
    "the exceptions say more than the rule",
    "good results come from a few habits that are kept",
    "what is measured early is easier to change later",
    "two simple parts are safer than one that does everything",
    "most of the effort goes into things that nobody sees",
    "the order of the steps decides how much has to be done twice",
    "a decision that is written down is half as hard to revisit",
    "the edges deserve more attention than the middle",
    "people remember the example long after the argument",
    "a clear limit makes the rest of the work easier",
    "waiting is also a choice, and rarely the cheapest",
    "the same question asked twice gets a better answer",
    "the useful detail hides in the part that looks dull",
    "a short list that is used beats a long one that is not",
    "what works once has to be tried again before it is trusted",
    "the sources agree on the facts and differ on the weight",
    "an early draft shows what the plan left out",
    "what can be undone may be tried sooner",
    "a shared word for a thing saves a dozen meetings",
    "the cost is paid once and the benefit returns every day",
    "a number without its origin is only half a number",
)

TAILS = (
    ".",
    ", and that is where to begin.",
    ", which is easy to miss.",
    ", even when nothing seems to be wrong.",
    ", because the cost of waiting grows.",
    ", whatever the size of the task.",
    ", and it can be checked in an afternoon.",
    "; the rest follows from it.",
    ", though it takes some patience.",
    ", and few would argue with that.",
)

LIST_LEADS = (
    "Three things to keep in mind:",
    "What this means in detail:",
    "The points that come up again and again:",
    "A short checklist:",
)

HEADINGS = (
    "The main idea",
    "What to look at first",
    "Where it gets harder",
    "A closer look",
    "What it costs",
    "In everyday use",
    "Common mistakes",
    "How to tell it works",
)

CLOSINGS = (
    "All in all, *{topic}* rewards whoever starts small and looks often.",
    "That is the core of *{topic}*; everything else is a variation on it.",
    "With these points in hand, the next step on *{topic}* should be a small one.",
    "In short: keep *{topic}* simple, write down what was decided, and come back to it.",
)
