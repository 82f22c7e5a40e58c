"""The commented `talkshare.toml` that `talkshare init` writes."""

from __future__ import annotations

TEMPLATE = """\
# talkshare.toml: every key is optional, and shown with its default unless marked "example".
# A wrong key or value is refused by name at the next run.

# time_zone = "UTC"                     # IANA name; the weeks of the report and the schedules follow it

[linkedin]
# owner = "profile-slug"                # example: whose archive it is, where the archive itself does not say
# owners = { "*anna*" = "anna-slug" }   # example: file-name pattern -> owner, for several recruiters
# owner_role = "recruiter"              # or "candidate", for the other side's archive
# include_spam = false
# date_order = "dmy"                    # example: for dates that a spreadsheet mangled; never guessed

[mailbox]                               # mbox files and folders of .eml
# owner = "ana@example.org"             # example: whose mailbox it is, where the mails do not say
# owners = { "*anna*" = "ana@example.org" }   # example: file-name pattern -> owner, for several recruiters
# aliases = ["a.dev@example.org"]       # example: the owner's other addresses
# internal_domains = ["example.org"]    # example: whoever writes from there is one of us
# users = ["lee@agency.example"]        # example: and so are these

# One [[tables]] block per foreign table. `talkshare inspect FILE` prints one to paste.
# [[tables]]                            # example
# match = "ats_export*.csv"             # csv, jsonl, parquet or xlsx
# kind = "outcomes"                     # or "messages"
# columns = { candidate_id = "Profile", event = "Stage", occurred_at = "Entered" }   # ours = theirs
# time_format = "%Y-%m-%d %H:%M"        # or "epoch_s", "epoch_ms"; default: ISO 8601
# time_zone = "Europe/Berlin"           # of times that carry no zone; default: UTC, assumed
# covers = "folder"                     # whose missing event means no: "folder", "all" or "linked"
# observed_until = 2026-11-01T00:00:00Z # until when the table shows what happened; default: its newest time

[approach]
# silence_days = 90                     # a recruiter's message after so much silence opens a new approach
# reopen_days_after_end = 30            # so does one this long after a decline, an opt-out or a closed process

[outcomes]
# conversion_event = "interview"        # screen, interview, offer or hired
# minimum_link_rate = 0.5               # below it, conversion rates are refused
# stages = { "Phone Screen" = "interview", "Archived" = "closed" }   # example: their stage -> our event

[opening]                               # cut points of the opening style: fix them before outcomes are looked at
# sell_first_share = 0.5                # sell_first: so much of the first message tells of the offer,
# sell_first_offers = 2                 # or so many sentences do before it asks
# reaction_first_offers = 1             # reaction_first: so many at most, and the last sentence asks

[completeness]
# minimum_approaches = 30               # from so many on, an export without unanswered threads is suspicious
# maximum_replied_share = 0.7
# declared_complete = false             # true: the exports hold every thread, answered or not
# invitations_complete = false          # true: the archives list every invitation ever sent

[quality]                               # when an inbox or an export needs a look
# silent_days = 14                      # days without an export, where exports came steadily
# old_days = 60                         # the same where there were only one or two
# closed_inboxes = ["p_0123456789abcdef0123"]   # example: ids as in the table inboxes; no more exports are expected
# maximum_set_aside_share = 0.1         # a larger share of unusable rows in an export is warned about

[privacy]
# hash_thread_ids = false               # publish hashes in place of conversation ids
# minimum_candidates = 5                # no number about fewer
# retention_days = 730                  # example: texts older than that are erased; what was counted in them stays
# names = "hidden"                      # "full": the manager's report may name recruiters; candidates never

# One [[hypotheses]] block per question, written down before its answer can be known. The first published run that sees
# it registers it; it is judged once, when the last window has closed; a changed block is another question.
# [[hypotheses]]                        # example
# name = "short openers get more replies"   # published as it stands
# metric = "first_message_words"
# outcome = "replied_30d"
# direction = "lower"                   # what a higher metric goes with: a "higher" or a "lower" share of the outcome
# from = 2026-12-01                     # approaches that began on or after this day, never before the registration
# until = 2027-03-01                    # and before this one

[report]
# title = "Candidate outreach"
# talk_share_reference = 0.2            # example: a reference line on the talk share picture; off by default
# weeks = 12
# recruiters = false                    # true: recruiters one by one, alphabetical; ids unless names = "full"
# teams = ["Data"]                      # example: a page of its own for each, where it and the rest are large enough

[mail]                                  # who gets the week by mail; nobody by default
# host = "smtp.example.org"             # example
# tls = "starttls"                      # or "tls", or "none" for a server on this machine
# port = 587                            # example; 587 with starttls, 465 with tls, 25 with none
# user = "talkshare"                    # example: whoever logs in; the password is in TALKSHARE_SMTP_PASSWORD, or
# password_file = "smtp.password"       # example: in a file, beside this one
# sender = "Talkshare <talkshare@example.org>"   # example
# recipients = ["manager@example.org"]  # example: the scheduled report is sent to them, once a week each

[limits]
# memory = "4GB"                        # of the database in a run; what does not fit goes to the disk where it can

[alarm]                                 # who hears of a night that failed; `talkshare alarm --test` tries it
# recipients = ["operator@example.org"] # example: by mail, through the server of [mail]
# webhook = "https://chat.example.org/hooks/..."   # example: or in TALKSHARE_ALARM_WEBHOOK; gets a small JSON object
# name = "talkshare"                    # what this installation is called in its alarms
# refused = true                        # also warns of a refused export, once

[schedule]
# nightly = "15 2 * * *"
# weekly = "0 6 * * 1"
# timeout_hours = 6                     # a run that takes longer is ended, so that it cannot hold up the next
"""


def render() -> str:
    """The template as it is written."""
    return TEMPLATE
