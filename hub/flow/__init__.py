"""The way of one directive, a module per step; start reading here.

intake.file   a file becomes a sheet of facts, or faults with their place
examine       the gate looks at every message of it, and at what is missing
waive         a named person lets one finding pass, with a reason
submit        an editor hands it in: words, audience and digest are fixed
guard         an unusual audience is confirmed by its number
approve       a second person signs the digest; it is in force, public, and on its way
publish       public pages and feeds become files
dispatch      the audience becomes deliveries, one per person, and who may hold an earlier text hears what changed
deliver       a sender hands each to its channel, once
spend         what SMS cost is counted as they leave, and a ceiling holds back the rest
record        receipts, bounces and STOP come back
reconcile     the provider is asked about what is in doubt or silent; record appends what it says
compare       a day of ours is held against the provider's
stop          one person takes the rest back
hold          what waits for its hour or the staff's pause goes on, or asks
expire        what is too late is listed, also where it is held
life, adopt   a restored or copied database sends nothing until a person says so
enlist        organisations and people are imported
unsubscribe   one click ends it

Each step is one public coroutine, opens at most one transaction for what it decides, writes one line in the
journal, and calls no other step but where the line above says so.
"""
