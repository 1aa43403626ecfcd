"""The words people use for what the record holds: concepts with their phrases, names of features, symbols, limits.

A concept is a set of phrases, each a regular expression over a question in small letters, spelt right. What is added here is
understood everywhere.
"""

# ruff: noqa: E501 - a phrase of a pattern is read best on the line of its concept

from __future__ import annotations

import re

CONCEPTS: dict[str, str] = {
    "why": r"\bwhy\b|how come|(?<!exit )\breasons?\b|reasoning|rationale|explain|explanation|what (?:made|led|drove|caused|convinced|prompted|motivated|triggered|persuaded)|"
    r"\bbehind\b|justif\w+|motivat\w+|grounds?\b|on what basis|what was the (?:logic|thinking|case|idea|argument)|what were you thinking|"
    r"what did (?:you|it|we|the agent) (?:see|think)|thinking behind|what for\b|whats? the (?:story|deal) with|(?:walk|talk|take) (?:me|us) through|(?:your|the|its) thinking|arguments? (?:for|against)|case (?:for|against)|speaks? (?:for|against)|spoke (?:for|against)|because of what",
    "buy": r"\bb(?:uy|ought|uys|uying)\b|purchas\w+|\bwent long\b|go(?:ing)? long|\blong(?:s|ed)?\b(?!\s?est| (?:is|did|was|were|has|have|does|do|it|the|a|on average))|\bent(?:er|ered|ering|ries|ry)\b|"
    r"\bopen(?:ed|ing)?\b(?! (?:now|at the moment|right now|currently|positions?|trades?|orders?))|\bg[eo]t(?:ting)? (?:in|into)\b|pick(?:ed)? up|acquir\w+|\btook (?:a|the|that|this)?\s?(?:position|trade|long)|invest(?:ed)?\b(?! in total)|put on\b|initiat\w+",
    "sell": r"\bs(?:ell|old|ells|elling|ale|ales)\b",
    "short": r"\bshort(?:s|ed|ing)?\b(?! answer)|short[- ]sell\w*|bet(?:ting)? against",
    "close": r"\bclos(?:e|ed|ing)\b(?! (?:price|at|of|value|level|on the day)\b)|\bexit(?:s|ed|ing)?\b|\bg[eo]t(?:ting)? out\b|get rid|liquidat\w+|dump\w*|\bend(?:ed)? (?:the|that|this|a) (?:trade|position)|took (?:the )?profits?|cash(?:ed)? out|bail\w*|unwind|unwound|take (?:the )?profits?|"
    r"\bstopped out\b|come out of|came out of|\bquit\b",
    "hold": r"\bh(?:old|eld|olds|olding)\b(?! (?:on average|for|period|time|duration|length))|do nothing|did nothing|nothing done|(?:\bnot|n't|\b(?:did|do|does|have|has|was|were|would|could)nt) (?:buy|trade|act|enter|do anything|go long|invest|take|open|purchase)|"
    r"stay(?:ed|ing)? (?:out|in cash|flat|away|aside)|sat? (?:out|on)|sit(?:ting)? (?:out|on)|\bskip(?:ped)?\b|pass(?:ed)? (?:on|up)|sidelines?|no (?:trade|entry|position) (?:on|in|that|then)|\binactiv\w+|refrain\w*|avoid\w*|left alone|kept out|keep out",
    "trade": r"\btrad(?:e|es|ed|ing)\b|\bpositions?\b|\bdeals?\b|round[- ]trips?|\bbets?\b",
    "best": r"\bbest\b|most profitable|biggest (?:win|winner|gain|profit|winning)|largest (?:win|winner|gain|profit|winning)|highest (?:profit|gain|return|win|pnl)|\btop\b|greatest|winningest|most (?:money|successful|lucrative)|biggest success|finest|made the most|earned the most|strongest|star\b",
    "worst": r"\bworst\b|biggest (?:loss|loser|losing)|largest (?:loss|loser|losing)|most (?:costly|painful|expensive)|lost the most|cost (?:us|me|you|it) (?:the )?most|lowest (?:return|pnl|profit)|poorest|weakest|deepest loss|heaviest (?:loss|losing)|least profitable|most (?:unprofitable)|hurt (?:the )?most|ugliest|nastiest|maximum loss|max loss",
    "count": r"how many|number of|\bcount\b|how often|total number|how much (?:trades|decisions)|how frequently|\btally\b|# of|amount of (?:trades|decisions|entries|wins|losses)|quantity of",
    "win": r"\bw(?:in|ins|on|inner|inners|inning)\b|profitable|\bsuccess(?:es|ful)?\b|paid off|(?:with|at|in|for|made|a) (?:a )?profit\b|in the green|made money|positive trades?|gainers?\b|\bgreen\b|came good|right\b",
    "lose": r"\blos(?:e|es|ing|er|ers|s|ses|t)\b|unprofitable|\bfail(?:ed|ures?|ing)?\b|in the red|\bnegative\b|went wrong|\bbad\b|underwater|underperform\w*|losers?\b|\bred\b|not working|do(?:es)?n'?t work|struggling",
    "rate": r"win(?:ning)?[- ]?(?:rate|percentage|ratio)|hit[- ]?rate|batting average|success rate|percentage|percent|share of|proportion|portion|what fraction|what part|ratio of win\w*|how often (?:do|did|does|are|were|was|is) (?:we|you|it|the agent|they|trades?|the trades?) (?:win|won|right|profitable|pay|make|succeed|wins|lose)|winning percentage|strike rate|accuracy|% of",
    "return": r"\breturn(?:s|ed)?\b|perform(?:ed|ance|ing)?\b|how (?:did|have|has|was|is|are) (?:we|you|it|the (?:agent|bot|run|system|strategy|year|quarter|month|backtest))(?: \w+)? (?:do|done|doing|go|going|fare|fared|perform|end up)|"
    r"\bprofits?\b|p&l|\bpnl\b|p and l|\bp/l\b|\bmade\b|\bmake\b|\bearn(?:ed|ings?)?\b|\bgain(?:ed|s)?\b|yield\w*|how much (?:money|did)|up or down|bottom line|net result|\bgrowth\b|\bmoney\b|how .{0,12}\bdid .{0,30}(?:go|do|fare|end)|\bresults?\b|figures\b|statistics|\bstats\b|summary|summari[sz]e|overview|overall",
    "sharpe": r"sharpe?\b|significan\w+|risk[- ]adjusted",
    "sortino": r"sortino",
    "calmar": r"calmar",
    "cagr": r"\bcagr\b|annuali[sz]ed return|annual return\b(?!s)|return (?:a|per) year|yearly return|compound\w*|per annum|per year return",
    "volatility": r"\bvolatility\b|how risky (?:was|is|were|are)|riskiness|\bvol\b|how volatile (?:was|were|is) (?:the )?(?:equity|account|portfolio|returns|book|run|strategy|agent|results)",
    "drawdown": r"below (?:the|its|our) (?:peak|high)|draw[- ]?downs?|\bdd\b|peak[- ]to[- ]trough|deepest (?:fall|dip|hole|decline)|worst (?:fall|decline|dip|slump|peak)|biggest (?:fall|decline|drop|dip|slump)|largest (?:fall|decline|drop|dip)|under ?water|how far (?:did|was) .{0,20}(?:fall|down|drop)|how deep",
    "benchmark": r"buy[- ]and[- ]hold|buy & hold|buy'?n'?hold|benchmark|beat (?:the )?(?:market|ind(?:ex|exes|ices))|holding (?:the|both) (?:market|ind(?:ex|exes|ices))|the market itself|(?:just|simply|merely|only) hold(?:ing)?\b|passive\w*|index fund|b&h|outperform\w*|compared? (?:to|with) the (?:market|index)|versus (?:the )?(?:market|index|holding)|against (?:the )?(?:market|index|holding)",
    "cost": r"\bcosts?\b|\bfees?\b|commissions?|slippage|charges?\b|expenses?\b|transaction|brokerage",
    "exposure": r"exposure|time in (?:the )?market|in the market|invested\b|how much of the time|in cash\b|fully invested",
    "equity": r"\bequity\b|account (?:value|balance|worth)|\bbalance\b|portfolio (?:value|worth)|net worth|how much (?:money )?(?:do we|do you|is|was|did we|have) .{0,20}(?:left|have|account|own)|worth\b|account stand|capital\b|bankroll|\bcash\b",
    "peak": r"how (?:low|high) (?:did|was|has|were)\b(?=.{0,30}(?:equity|account|balance|portfolio|money|we\b))|\bpeak(?:ed)?\b|highest (?:equity|balance|value|point)|all[- ]time high|high[- ]water|lowest (?:equity|balance|point)|equity (?:high|low)|(?:equity|account|balance|portfolio) .{0,16}(?:high(?:est)?|low(?:est)?|top|most|least)\b",
    "factor": r"profit factor",
    "expectancy": r"expectancy|expected (?:value|return) (?:of|per) (?:a |each )?trade",
    "sqn": r"\bsqn\b|system quality",
    "kelly": r"\bkelly\b",
    "average": r"\baverage\b|\bmean\b|\btypical\b|\bavg\b|on average|usually|usual\b|median|expected|pay[- ]?off ratio|win[/ -]loss ratio|reward[- /](?:to[- ])?risk|risk[- /](?:to[- ])?reward",
    "holding": r"hold(?:ing)? (?:period|time|duration|length)|how long (?:do|did|does|are|were|was|is|has|have)(?!.{0,40}(?:halt|drawdown|run|record|backtest last|history))|\bduration\b|bars held|how many (?:bars|days) .{0,32}\b(?:last|lasts|lasted|held|hold|kept)\b|time in (?:a )?trade|kept (?:open|for)|held (?:for|on average)|stay(?:ed)? open|length of (?:a |the )?trades?|days? (?:do|did) (?:we|you|it) hold|last on average|average length",
    "longest": r"\blongest(?! (?:streak|run|series|losing|winning))|held (?:the )?longest|most bars",
    "shortest": r"\bshortest|quickest|fewest bars|briefest",
    "streak": r"streaks?|in a row|consecutive|successive|back[- ]to[- ]back|run of (?:losses|wins|bad|good)|series of (?:losses|wins)|one after another|longest (?:run|series|losing|winning)",
    "first": r"\bfirst\b(?! (?:half|quarter))|earliest|very first|initial(?:ly)?\b|\bbegan\b",
    "last": r"\blast\b|latest|most recent\w*|newest|final\b|\brecently\b",
    "month": r"\bmonth(?:s|ly)?\b",
    "quarter": r"\bquarter(?:s|ly)?\b",
    "year": r"\byear(?:s|ly)?\b|annual(?:ly)?\b",
    "by": r"\bby\b|\bper\b|\beach\b|\bevery\b|break ?down|broken down|split|across|which\b|grouped|for all|respectively|what kind of|compare\b|in what\b|in which\b|on which\b|for which\b|better (?:on|in)\b|vs\b|versus",
    "skill": r"\bskills?\b|strateg(?:y|ies)\b|\bsetups?\b|playbooks?\b|\bpatterns?\b",
    "procedure": r"procedures?\b|\bsteps\b|checklist|runbook|what (?:do|should) (?:you|we|i) do (?:when|if|after|in case)|how (?:do|should|does) (?:you|we|i|it|the agent) (?:handle|deal|proceed|react|reconnect|recover|cope)|protocol",
    "retired": r"retir\w+|\bdropped\b|deprecat\w+|given up|abandon\w*|discard\w*|kicked out|shelved|benched|put to rest|thrown out|switched off|turned off",
    "probation": r"probation\w*|on trial|being tested|under test|auditioning|trial period",
    "active": r"\bactive\b|in use|in force|trade now|trading now|currently (?:used|trading|active)|being used|enabled|working skills|live skills|allowed to trade|switched on",
    "watch": r"\bwatch(?:ed|list)?\b|under observation|being watched",
    "stale": r"\bstale\b|outdated|gone cold|rusty|out of date|not worked for",
    "suspended": r"suspended",
    "candidate": r"\bcandidates?\b",
    "quarantined": r"quarantin\w+|waiting for approval|awaiting approval|need(?:s)? approval",
    "untried": r"untried|never (?:been )?(?:used|tried|fired)|\bunused\b|not (?:been )?used",
    "reliability": r"reliab\w+|trustworth\w*|dependable|how (?:good|well|sure|solid)|track record|confidence interval|success rate of|\binterval\b|evidence (?:for|behind)|can (?:we|i) trust|proven|effective\w*",
    "used": r"last (?:used|fired|applied|traded|executed|time)|most recently used|when (?:was|did|has) .{0,60}(?:used|fire|fired|applied|apply|use|trade|trigger\w*|agree\w*|execut\w*)|\bused\b",
    "history": r"\bhistory\b|life ?cycle|transitions?\b|happened to|timeline|track\b(?! record)|over time|evol\w+|career|story of",
    "describe": r"what (?:is|does|are|'s)|describe|tell me about|definition|define|how does|what do you know about|details? (?:of|on|about)|meaning of|looks? like|show me|show",
    "voter": r"\bvoters?\b|\bvot(?:e|es|ed|ing)\b|analysts?\b|advis[oe]rs?|opinions?\b|signals? source|indicators? (?:say|vote)|\bpanel\b|who (?:said|spoke|argued|agreed|disagreed|voted)|which (?:indicator|signal)s?\b",
    "believe": r"believ\w+|most trusted|trust\w*|listen\w*|\bweights?\b|weighted|weigh\b|influence\w*|rely on|count(?:s|ed)? most|heard|credib\w+|who (?:is|was|has been|'s) (?:right|best|the best)|rel(?:y|ies|ied)|most say|biggest say|say in",
    "calibrated": r"calibrat\w+|brier|how often (?:are|were|was|is|did|do) (?:you|it|the agent|we) (?:actually |really |in fact )?(?:right|correct)(?!.{0,20}regime)|(?:over|under)[- ]?confiden\w+|overestimat\w+|underestimat\w+|(?:sure|certain|confident\w*) .{0,40}\b(?:right|correct|win|won)\b",
    "regime": r"\bregimes?\b|market (?:state|phase|condition|environment|mode|type|mood|climate)s?|kind of market|type of market|what (?:kind|sort|type) of market|market conditions?|\bphases?\b",
    "share": r"share of|how (?:much|often|many) .{0,30}(?:time|days|bars)|percentage|percent|proportion|fraction|what part|% of|distribution|split of time|most of the time|how often|breakdown|mostly\b",
    "state": r"\bstate\b|\b(?:up|down)?trend(?:ing up|ing down)?\b(?! (?:strength|market|regime))|bullish|bearish|oversold|overbought|situation\b|look(?:ed)? like|market (?:doing|at|on)|conditions\b|what (?:was|did) the market|snapshot|context\b|picture",
    "similar": r"similar|(?:look(?:s|ed)?|were|was|are|is) (?:the )?(?:most|more) like\b|days? (?:\w+ )?like\b|(?:seen|anything|something)\b.{0,20}\blike\b|resembl\w+|alike|analog\w*|compar(?:able|ed) (?:situations?|to the past)|like (?:that|this|it|then)\b|looked like (?:that|this|it|on)|reminds?|remind(?:ed)?|precedents?|seen (?:this|that|it|something like) before|closest (?:situations?|days?|match\w*)|historical (?:parallels?|twins?)|parallels?",
    "happened": r"what happened|what did (?:you|it|we|the agent) do|what was done|what went on|what occurred|anything happen|what took place|what was decided|what did (?:you|it|we) decide|what(?:'s| is| was) (?:your|the|its) decision|decisions?\b.{0,12}\bon\b",
    "outcome": r"\boutcome\b|how did (?:it|that|the|this) .{0,40}(?:end|turn out|work out|go|finish|do|fare)|what came of|result of (?:the|that|this)|turn(?:ed)? out|work(?:ed)? out|what became|how (?:it|that) ended|did (?:it|that|the trade|this|the position) (?:win|lose|work|pay|make|succeed|end)|was (?:it|that|the trade|this) (?:a )?(?:win\w*|los\w+|profit\w*|good|success\w*)|pay off",
    "confidence": r"confiden\w+|how (?:sure|certain|convinced)|conviction|certainty|sureness|how strongly",
    "size": r"\bsiz(?:e|ed|ing)\b|how (?:big|large|much (?:did (?:you|it|we) (?:buy|bet|stake|risk)|was (?:bought|bet|staked|invested)))|how many (?:units|shares|contracts)|quantity|stake\b|position size|how much (?:of the )?(?:equity|capital|money) (?:did|was|went)",
    "stop": r"\bstop(?:s|-loss| loss| level| price)?\b(?! (?:trading|losing|it|me|the))|stop[- ]?loss|protective",
    "target": r"\btargets?\b|take[- ]profit|profit goal|price goal|objective",
    "forecast": r"forecast\w*|predict\w*|projection|expected to (?:rise|fall)",
    "memories": r"\bmemor(?:y|ies)\b|remember\w*|recall\w*|recollect\w*|past experience|what did .{0,20}memory",
    "lesson": r"lessons?\b|learn(?:ed|t|ing|s)?\b|takeaways?|\btaught\b|\bteach\b|insights?",
    "event": r"\bevents?\b|notable|news\b|unusual|anything special|volatility spikes?|shocks?\b|incidents?",
    "change": r"\bchang(?:e|es|ed|ing)\b|what(?:'s| is) (?:new|different)|different\b|\bmoved\b|adapt\w*|adjust\w*|updates?\b|\bshift\w*|developments?|evolve\w*|modif\w+|raised|lowered|tightened|loosened|increased|decreased",
    "parameter": r"parameters?\b|\balerts?\b|cautious|more careful|defensive|threshold\b|size multiplier|size_multiplier|min_confidence|adapt(?:ive|ation)s?",
    "open": r"open (?:positions?|trades?|orders?|now|right now|at the moment|currently|today)|positions? (?:are |is )?(?:currently |still |now )?open|currently (?:hold\w*|own\w*|in|long|invested|open)|still (?:open|hold\w*|own|in)|what (?:do|are) (?:we|you|i) (?:own|hold|holding|in)|(?:are|is) (?:we|you|it) (?:in|long|invested|flat)|right now|at the moment|\bnow\b|current positions?|live positions?|holding anything|holdings\b|in the portfolio|in the book|outstanding|pending orders?|orders? waiting",
    "limit": r"\blimits?\b|restrict\w*|constraints?|\bcaps?\b|capped|guard ?rails?|safety|rules? (?:for|of) risk|risk rules?|mandate|maximum (?:position|exposure|loss|risk)|max (?:position|exposure|risk)|allowed\b|how much (?:may|can) (?:you|it|we) (?:risk|lose|hold|bet)|brakes?",
    "clamp": r"clamp\w*|shr[iua]nk\w*|\bblock(?:ed|s)?\b|cut (?:by|back|down)|reduced\b|scaled (?:down|back)|limited (?:by|it)?|trimmed|held back|were .{0,10}(?:limited|cut|reduced)|limits? (?:hit|bite|cut|work|kick|applied|trigger\w*|intervene\w*|at work)|shrunk",
    "refused": r"refus\w+|reject\w+|declin\w+|denied|turned down|not filled|unfilled|bounced",
    "abstained": r"abstain\w*|abstention|no opinion|could not decide|nobody spoke",
    "error": r"\berrors?\b|exceptions?\b|(?:go|went|gone|goes) wrong\b(?= (?:during|in) (?:the|this) (?:run|backtest)|$|\?)|crash\w*|fault\w*|broke(?:n)? down|malfunction",
    "halt": r"\bhalt(?:ed|s|ing)?\b|trading stopped|stop(?:ped)? trading|paus(?:e|ed|ing)|suspend(?:ed)? trading|shut down|circuit breaker|kill switch|frozen",
    "preference": r"preferences?\b|my wishes|i (?:told|asked) you|my rules|my instructions|what have i said",
    "whatif": r"what if\b|what would\b|would (?:have|it have|you have|we have|that have)|had (?:we|you|it|there|memory|the)\b.{0,20}(?:not|without|been)|hypothetic\w*|suppose\b|without (?:the )?(?:skill|memory|voter|memories|skills)|counterfactual|if (?:we|you|it|the|there|rsi|memory)\b|leaving out|left out|remove\b|removed\b|in the absence|imagine",
    "without": r"without|leaving out|left out|remov\w+|exclud\w+|absence|not (?:had|have|been|used)|had(?: not|n't)|no\b|switched off|turned off|ignor\w+|minus\b",
    "compare": r"compar\w+|difference between|differ\w*|versus|\bvs\b|against each other|side by side|contrast",
    "symbolword": r"symbols?\b|instruments?\b|markets? (?:do|does) (?:you|we|it|the agent)|tickers?\b|assets?\b|\bindex(?:es)?\b|indices|which (?:market|one)\b|what do (?:you|we) trade|what (?:does|did) (?:it|the agent|this run) trade|underlyings?|securit(?:y|ies)",
    "period": r"(?:which|what) (?:period|dates?|time ?range|time ?frame|timespan|days|years)\b|how (?:far|long) (?:back|does the|is the|did the|was the) .{0,20}(?:record|run|data|backtest|history|go|last)|from when to when|date range|when (?:did|does) (?:the )?(?:run|backtest|record|data|history|it) (?:start|begin|end|stop|finish)|how (?:many|much) (?:bars|data|days) |time ?frame|bar (?:size|length)|\bspan\b|covers?\b|covered",
    "run": r"which run|what run|\brun id\b|this run|the run\b|backtest\b|configuration|config\b|\barm\b|\bhash(?:es)?\b|which data|what data|data (?:did|do|was|were|is)",
    "settings": r"settings?\b|configured|\bconfig\b|set ?up as|options set",
    "seed": r"\bseed\b",
    "notes": r"\bnotes?\b|caveats?\b|warnings?\b|disclaimers?|honest\w*|trust the (?:result|backtest)|limitations?",
    "model": r"language model|\bllm\b|which model|what model|\bclaude\b|\bai\b|\bgpt\b|tokens?\b|\bapi\b",
    "arms": r"with (?:the )?memory (?:than|or|and|vs|versus|against|compared)|random (?:arm|run|baseline|control|trad\w+|agent|one)|coin[- ](?:flip|toss)\w*|other arms|no-memory|without memory|random entries|arms\b|control (?:run|arm)s?|ablation|(?:does|did|has|is) (?:the )?memory .{0,12}(?:help\w*|worth|useful|matter\w*|improve\w*|any good|add\w*)|value of memory",
    "price": r"\bpric(?:e|es|ed)\b|\bclos(?:e|ed|ing) (?:price|at|of|value|level)|\bquote\b|trading at|level of the index|worth\b|\bclose\b.{0,12}\bon\b",
    "highest": r"highest|maximum|\bmax\b|peak|largest|biggest|\btop\b|most (?:extreme|overbought)",
    "lowest": r"lowest|minimum|\bmin\b|smallest|bottom\b|least|most oversold",
    "side": r"\bside\b|long (?:or|and|vs|versus) short|direction\b|longs? and shorts?",
    "exit": r"exit (?:reasons?|types?|kinds?|ways?)|how (?:do|did|were|are|was) (?:the )?(?:trades?|positions?|it|they|most) .{0,14}\b(?:end|exit|close|closed|ended)\b|end(?:ed)? (?:by|through)|by (?:stop|target|time|signal)|stopped out|hit (?:the|its|their) (?:stop|target)|time(?:d)? out|reached (?:the|its|their) (?:stop|target)|stop(?:-loss|ped)?s? (?:hit|triggered|reached)|ran into|target(?:s)? (?:hit|reached)",
    "daily": r"(?:which|what) day .{0,24}(?:best|worst|loss|losses|gain|gains|lost|gained|won|profit)|(?:best|worst) (?:single |trading )?day\b|daily (?:returns?|results?|p&l|pnl)|(?:in|on) (?:one|a single) day|(?:one|single)[- ]day (?:loss|gain|drop|fall|win|move|result|return)|(?:loss|gain|profit) (?:in|on|of) (?:a|one) (?:single )?day\b",
    "weekday": r"weekdays?|day of (?:the )?week|on (?:mon|tues|wednes|thurs|fri)days\b",
    "future": r"\bwill\b|going to (?:be|rise|fall|go|do|happen|buy|sell|win)|tomorrow|next (?:week|month|year|quarter|day|trade)|in the future|should (?:i|we) (?:buy|sell|invest|hold|short|go|put)|do you think .{0,30}(?:rise|fall|go)|recommend\w*|tip\b|worth buying|is it a good time",
    "secret": r"api[- ]?keys?|passwords?|passphrases?|secrets?\b|credentials?|private key|system prompt|access tokens?|signing key",
    "help": r"^help\b|what can (?:you|i)|how do i use|what (?:questions|commands)|capabilit\w+|who are you|what are you\b|what do you do\b",
    "greeting": r"^(?:hi|hello|hey|good (?:morning|evening|afternoon)|thanks|thank you|cheers|bye|goodbye)\b",
    "money": r"\$|dollars?|\busd\b|\bmoney\b|\bcash\b|in total\b",
    "entries": r"\bentr(?:y|ies)\b|\bbuys\b|times did (?:you|it|we|the agent) (?:buy|enter|go long)|how (?:many|often) .{0,30}(?:buy|bought|enter\w*|go long|went long)",
    "decision": r"\bdecisions?\b|\bdecid\w+|\bcycles?\b|\bcalls? made",
    "stats": r"how (?:many|much) .{0,30}(?:memories|memory|situations|facts|remember\w*|stored)|memory (?:size|count|statistics|stats)|size of (?:your|the) memory",
}  # fmt: skip
COMPILED = {name: re.compile(pattern) for name, pattern in CONCEPTS.items()}

FEATURE_NAMES: dict[str, str] = {
    "rsi_14": r"\brsi(?:[_ -]?14)?\b|relative strength index",
    "macd_signal": r"macd[_ ]signal|macd signal line",
    "macd_hist": r"macd[_ ]hist(?:ogram)?|macd histogram",
    "macd_divergence": r"macd[_ ]divergence",
    "macd": r"\bmacd\b",
    "rsi_divergence": r"rsi[_ ]divergence",
    "sma_5": r"\bsma[_ -]?5\b|5[- ](?:day|bar) (?:moving average|mean|average|ma|sma)",
    "sma_20": r"\bsma[_ -]?20\b|20[- ](?:day|bar) (?:moving average|mean|average|ma|sma)",
    "sma_50": r"\bsma[_ -]?50\b|50[- ](?:day|bar) (?:moving average|mean|average|ma|sma)",
    "sma_cross": r"sma[_ ]cross|golden cross|death cross",
    "bb_position": r"bb[_ ]position|bollinger(?: band)?(?: position)?|%b\b",
    "volume_ratio": r"volume[_ ]ratio|relative volume",
    "hl_range": r"hl[_ ]range|high[- ]low range|\bday'?s range",
    "close_position": r"close[_ ]position",
    "oc_range": r"oc[_ ]range|open[- ]close range",
    "atr_14": r"\batr(?:[_ -]?14)?\b|average true range",
    "adx_14": r"\badx(?:[_ -]?14)?\b|directional index",
    "momentum_10": r"momentum[_ -]10|10[- ](?:day|bar) momentum|(?<!voter )\bmomentum (?:value|reading|was|of|above|below|over|under|on|at)\b",
    "volatility_20": r"volatility[_ -]20|20[- ](?:day|bar) volatility|reali[sz]ed vol(?:atility)?",
    "volatility_z": r"volatility[_ -]z|volatility z[- ]?score|standardi[sz]ed volatility|volatility (?=(?:is |was |goes |rises |went |stays |rose )?(?:above|below|over|under|>|<))",
    "drawdown_60": r"drawdown[_ -]60|60[- ](?:day|bar) (?:drawdown|high)",
    "trend_strength": r"trend[_ -]strength|strength of (?:the )?trend|how strong (?:was|is) (?:the )?trend",
}  # fmt: skip
FEATURES_COMPILED = {name: re.compile(pattern) for name, pattern in FEATURE_NAMES.items()}

LIMIT_NAMES: dict[str, str] = {
    "max_drawdown": r"max\w*[_ ]drawdown|drawdown (?:limit|allowed|permitted|cap|halt\w*)|limit (?:on|for|of) (?:the )?drawdown|drawdown.{0,30}\bhalt",
    "max_daily_loss": r"daily[_ ]loss|loss (?:per|a|in one|in a) day|lose (?:in a|in one|per|a) day",
    "max_position": r"max\w*[_ ]position|how (?:big|large) (?:can|may|could|might) (?:a |one |the |any )?position|maximum (?:allowed )?position(?: size)?(?! (?:was|we|you|did))|(?:largest|biggest) (?:allowed|permitted) position|position (?:limit|cap)",
    "max_exposure": r"max\w*[_ ]exposure|exposure (?:limit|cap)|limit (?:on|of|for) (?:the )?exposure",
    "risk_per_trade": r"(?:can|may|could|allowed to) (?:lose|risk|be lost|be risked) (?:per|on (?:a|each|one|every)|in (?:a|one)) (?:single )?trade|how risky (?:is|are|was|were) (?:a |each |one |every |the |your |our )?(?:single )?trades?|risk[_ ](?:per|a)[_ ]trade|risk (?:on|in) (?:a|each|one|every) (?:single )?trade|risked (?:per|a|on each) trade",
    "max_consecutive_losses": r"consecutive[_ ]loss\w*.{0,30}(?:limit|allowed|pause|before)|losses in a row.{0,30}(?:limit|allowed|pause|before|until)|how many (?:losses|consecutive losses).{0,30}(?:pause|before|stop|until)",
    "cooldown_bars": r"cool ?down\w*",
    "target_volatility": r"target[_ ]volatility|volatility target",
    "drawdown_throttle": r"throttle\w*",
    "allow_short": r"allow[_ ]short|shorts? (?:allowed|permitted|possible|enabled)|(?:can|may|could|is|are) (?:you|it|we|the agent)? ?(?:allowed to |able to )?(?:go )?short(?:ing|s)?(?: sell\w*)?(?: allowed| possible| permitted)?",
    "max_bars": r"max[_ ]bars|longest (?:allowed )?holding|maximum holding",
}  # fmt: skip
LIMITS_COMPILED = {name: re.compile(pattern) for name, pattern in LIMIT_NAMES.items()}

SYMBOL_ALIASES: dict[str, tuple[str, ...]] = {
    "NASDAQ": ("nasdaq", "nasdaq composite", "nasdaq index", "ixic", "nasdaq 100", "ndx", "tech index"),
    "SP500": ("sp500", "s&p 500", "s&p500", "s&p", "sp 500", "s & p 500", "s & p", "s and p 500", "s and p", "spx", "standard and poors", "standard & poor's", "snp", "snp500", "gspc"),
    "SPY": ("spy", "spdr"),
    "QQQ": ("qqq",),
    "BTCUSDT": ("btc", "bitcoin", "btcusdt", "btc/usdt"),
    "BTCUSD": ("btc", "bitcoin", "btcusd", "btc/usd"),
    "ETHUSDT": ("eth", "ethereum", "ethusdt"),
    "ETHUSD": ("eth", "ethereum", "ethusd"),
    "EURUSD": ("eurusd", "eur/usd", "euro dollar", "euro"),
    "GBPUSD": ("gbpusd", "gbp/usd", "cable"),
    "USDJPY": ("usdjpy", "usd/jpy", "yen"),
    "AAPL": ("aapl", "apple"),
    "MSFT": ("msft", "microsoft"),
    "TSLA": ("tsla", "tesla"),
    "NVDA": ("nvda", "nvidia"),
    "GOOG": ("goog", "google", "alphabet"),
    "AMZN": ("amzn", "amazon"),
    "DAX": ("dax",),
    "DOW": ("dow jones", "djia", "the dow"),
    "FTSE": ("ftse",),
    "GOLD": ("gold", "xauusd"),
    "WTI": ("wti", "crude", "crude oil"),
    "VIX": ("vix",),
}  # fmt: skip

_COMMON = """
a about above account across act actually after again against agent all allowed along also although always am among amount an and another any anyone
anything are around arm as ask asked at average away back bad bar bars basis be became because become been before began begin behind being believe
below best better between big bigger biggest bit bold both bought bring but buy buys by call came can cannot cap card case cash cause certain chance
change changed changes charge chart check clear close closed closes closest come comes coming common compare compared comparison concern condition
conditions confident confidence consider contribute cost costs could count course current currently cut daily data date day days deal decide decided decision
decisions deep did didn differ difference different do does doing dollar dollars done down draw drawdown drop due during each earlier early earn earned
easy either else end ended ends enough enter entered entry entries equity even event events ever every everything evidence exactly example exit exits
expect expected explain exposure fact factor fail failed failing fall far fast favour fee fees feel few fewer figure figures final find fine first flat
follow followed following for force forecast found from full gain gained gains gave general get gets getting give given gives go goes going gone good got
great greater group had half halt halted happen happened happening happens hard has have having he held help her here high higher highest him his history hit
hold holding holds hour how however i idea if important improve in include including increase index indicator indicators inside instead interest into
invest invested is isn issue it items its itself just keep kept kind know known knows large larger largest last late later latest lead learn learned
least leave led left less lesson lessons let level levels like limit limits list little live long longer longest look looked looking looks lose loser losers
loses losing loss losses lost lot low lower lowest made main make makes making many mark market markets matter max maximum may me mean means meant
memories memory might min mind minimum model moment momentum money month months more most move moved much must my name near need never new news next no none
nor normal not note nothing notice now number occur of off often oh ok old on once one ones only open opened opening opinion or order orders other
others our out outcome over overall own paid part parts past pay paid percent perform performance performed perhaps period person phase place plan
play please point points poor portfolio position positions possible present pretty previous price prices probably problem profit profitable profits pull put
quarter quarters question quickly quite rally ran range ranging rate rather ratio reach read real really reason reasons recall recent recently record red
reduce regime regimes reject relative reliable reliability remember remembered result results retire retired return returns right rise risk risky row rule
rules run runs said same saw say says seat second see seem seen sell sells sense sense set settings several share sharp sharpe short should show side
signal signals similar simple since single situation situations size sized skill skills sleep slippage small smaller so sold some something sometimes soon
sort speak spend stand standing start started state status stay still stock stop stopped stops story strategy streak strong stronger such suggest sum
summary sure symbol symbols system take taken takes taking talk target targets tell tend term test than that the their them then there these they thing
things think thinking third this those though thought three through time times to today together told too took top total track trade traded trader trades
trading trend trending trends trust try turn turned two type typical under until up us use used useful using usual usually value values very view volatile
volatility volume vote voted voter voters votes wait want wanted was way we weak week weekly weeks weigh weight weights well went were what when where
whether which while who whole whom whose why will win winner winners winning wins with within without won word words work worked working works
worse worst worth would wrong year years yes yet you your yours apple monday tuesday wednesday thursday friday saturday sunday mondays fridays
tuesdays wednesdays thursdays preferences preference parameters parameter threshold procedure procedures exchange maintenance reliability probation stale watch
benchmark consecutive biggest rejected refused abstain abstained commission commissions convinced purchase purchased liquidate rationale unprofitable
annualised annualized monthly quarterly yearly calibrated recommended losing lately trusted seed version versions interval regime's what's didn't don't doesn't
isn't wasn't weren't haven't hasn't wouldn't couldn't i'm you're we're they're it's that's there's who's let's sortino calmar expectancy kelly macd bollinger
rsi atr adx sma happen occurred applied fired agreed disagreed lesson learned weekday active retiring suspended candidate quarantined untried skipped
book books kicked kick throttle twice double abstention abstentions raised lowered significant significance apply applies applied exactly
figure across entire whole ever ended dollar dollars tradings amount total overall net gross result resulted outcome basis points percent percentage
serious terrible great awful ugly handle deal proceed reconnect recover task data-gap feed broker outage quarter-end morning afternoon evening night
before after around roughly approximately certain specific particular respect regard terms detail details brief briefly please thanks kindly
favourite favorite favoured favored dominant prevail prevailing prevailed common commonest frequent frequently rarely seldom steady stable
spent spend charged paid payable deducted commission instrument instruments ticker tickers account accounts capital deposit withdraw
made gave took held sold bought shorted opened exited triggered fired signalled signaled indicated showed shown seen known thought said told
closing opening touching touched breached exceeded reached crossed crossing dipped spiked crashed plunged dropped soared jumped climbed rallied
important importance relevant rest rested based grounded supported support backed backing argument arguments against favour favor
anything everything nothing something someone anyone everyone whoever whatever whenever wherever somewhere anywhere
able accept according add added adding admit advice affect afford afraid agree air allow alone along aloud amount angry annoy appear apply area arrive
article aside asset assume attempt attend attention avoid aware band bank bear bet bets better bid bill bite blame blow board boat body bother bottom
branch breach break bridge bright broad broke broken build building built bull busy button buyer calm camera cancel candle cannot care career carry catch
central chain chair chance channel charge cheap checked chief child choice choose chose chosen city class clean climb clock cloud coast cold collect
colour column comment company complete concept confirm connect constant consumer contain content contract control cool copy core corner correct cover
crash crazy create credit crisis cross crowd cycle damage dark dead dear death debt decade decline deliver demand deny depend design desk detail develop
device dinner direct direction doctor doubt dozen dream drive driver dust early ease east easier economy edge edit effect effort eight email empty engine
enjoy event exact except excess extra extreme face fair faith false family famous fault fear feature feed feeling fell felt field fight file film firm
fish fixed floor flow fold folk food foot forever forget forgot form former forward found fourth frame free fresh friend front fuel fund funds future
game gap gaps garden gate gather general giant girl glad glass global gold green grew ground group grow guard guess guide half hand handle hang happy
head heart heavy hedge height hidden hide hill hint hole home hope horse hotel hours house huge human hundred idle image impact inch indeed inflation
inform input inside insist insight instant invest iron island joke judge jump june king knew labour lack lady land language law lawyer layer lazy leader
lean learnt leg legal letter lie lift light liked line link liquid listen load loan local lock logic lonely loop loud love luck lucky lunch
machine magic mail major manage manner manual master match math maybe meal measure meet member mention message metal method middle million minor minute
miss missed mistake mix mixed mode modern mood moon mother motion mountain mouth movie music naked narrow nation native nature network nice night nobody
noise nose novel object obvious offer office official onto option origin ought outside owner page pain paint panic parent paris park party pass patch
path patient pause peace pension people percentage perfect permit phone photo physical pick picture piece pipe pizza planet plant plate player plenty
poem policy poor popular positive post potential pound power prefer prepare press price print prison private prize process produce product project
promise proof proper protect proud prove provide public pure push puzzle quality queen quiet quit quote race rain raise random rare real reality
realise receive recipe recommend refer reflect regard region regular relate release religion remind remote rent repair repeat reply report request rescue
research respond response restore reveal review reward rich ride ring risen river road rock role roll roof room root rough route royal rude rush
sad safe safety salt sand save scale scared scene school science screen search season secret section secure select senior sensitive separate serious serve
service seven shape share shares sheet shift shine ship shirt shock shoot shop shore shot shout shut sick sight sign silent silly silver singer sister
site skip sky slow smart smell smile smoke smooth snow social soft software soil solid solve song soul sound source south space spare speech speed spell
spirit spoke sport spread spring square staff stage stake standard star stare statement station steal steel step stick stone store storm strange stream
street stress stretch strike string stuff style success sudden suffer sugar suit summer sun supply sweet swim switch table tail tall task taste tax teach
team tear tech term terms text theory thick thin throw ticket tie tight tiny tired title tone tool topic total touch tough tour tower town track
tradition traffic train travel treat tree trial tried trip trouble truck true truth tube twelve ugly uncle union unique unit united unless update upper
upset urban valid vary vast video village violent visit voice waste watch wave weak wealth wear weather wedding weight west wheel wide wife wild wind
window wine wing winter wire wise wish woman wonder wood wooden worry write writer writing wrote yard yellow young zero zone
water beat beats score scores accurate leverage arithmetic portion split choppy sideways oversold overbought sigma behave behaved assumed assume curve plot draw blocked block statistically sensitive exist existed
multiples multiple investor passive cautious careful defensive timeframe interval amount uptrend downtrend bullish bearish loses worth
similarity resemble resembled analogue precedent hypothetical counterfactual remove removed exclude excluded ignoring suppose imagine
two three four five six seven eight nine ten eleven dozen thirty fifty hundred shrink shrank shrunk payoff
strategies circumstances fire fires firing smallest
opposed breakdown overview statistics stats balance capital worth peak trough deepest duration average typical median shortest quickest
""".split()  # noqa: SIM905 - a list of words reads best as words
VOCABULARY = frozenset(_COMMON)
