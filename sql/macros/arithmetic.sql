-- Division that cannot raise: null where there is nothing to divide by.
create or replace macro share(part, whole) as part::double / nullif(whole, 0);

-- The first side's share of both, known only where each has something: one silent side would make it 0 or 1.
create or replace macro share_of_two(ours, theirs) as
case when ours > 0 and theirs > 0 then share(ours, ours + theirs) end;

-- How many with for one without; null where all have it.
create or replace macro odds(part) as part / nullif(1 - part, 0);

-- An id that may be published: a keyed hash, so that nobody can confirm a guessed text or name by hashing it.
create or replace macro published_id(inner_id) as left(sha256(getvariable('publishing_key') || inner_id), 32);

-- Elapsed time, not boundaries crossed.
create or replace macro elapsed_hours(earlier, later) as (epoch_us(later) - epoch_us(earlier))::double / 3600000000;

-- The 97.5 % point of the normal distribution.
create or replace macro z_975() as 1.959963984540054;

-- The 97.5 % point of Student's t for one degree of freedom or more, whole or not: below 5 by a polynomial fitted to its
-- logarithm (within 0.002 %), then by Cornish and Fisher's expansion (within 0.2 %).
create or replace macro t_975(degrees) as
case
    when degrees < 5
        then exp(
            0.673599 + 1.202776 / degrees + 0.737114 / degrees ^ 2 + 0.114076 / degrees ^ 3
            - 0.271894 / degrees ^ 4 + 0.086433 / degrees ^ 5
        )
    else
        z_975()
        + (z_975() ^ 3 + z_975()) / (4 * degrees)
        + (5 * z_975() ^ 5 + 16 * z_975() ^ 3 + 3 * z_975()) / (96 * degrees ^ 2)
        + (3 * z_975() ^ 7 + 19 * z_975() ^ 5 + 17 * z_975() ^ 3 - 15 * z_975()) / (384 * degrees ^ 3)
end;

-- Wilson's interval for a proportion seen in n independent (or effectively independent) approaches.
create or replace macro wilson_centre(rate, n) as (rate + z_975() ^ 2 / (2 * n::double)) / (1 + z_975() ^ 2 / n::double);
create or replace macro wilson_half(rate, n) as
z_975() * sqrt(greatest(rate * (1 - rate) / n::double + z_975() ^ 2 / (4 * n::double ^ 2), 0)) / (1 + z_975() ^ 2 / n::double);
create or replace macro wilson_low(rate, n) as greatest(wilson_centre(rate, n) - wilson_half(rate, n), 0);
create or replace macro wilson_high(rate, n) as least(wilson_centre(rate, n) + wilson_half(rate, n), 1);
