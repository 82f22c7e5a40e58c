-- Division that cannot raise: null where there is nothing to divide by.
create or replace macro share(part, whole) as part::double / nullif(whole, 0);

-- Elapsed time, not boundaries crossed.
create or replace macro elapsed_hours(earlier, later) as (epoch_us(later) - epoch_us(earlier))::double / 3600000000;

-- The 97.5 % point of Student's t by Cornish and Fisher's expansion; within 0.5 % of the table from 4 degrees on.
create or replace macro t_975(degrees) as
1.959964
+ (1.959964 ^ 3 + 1.959964) / (4 * degrees)
+ (5 * 1.959964 ^ 5 + 16 * 1.959964 ^ 3 + 3 * 1.959964) / (96 * degrees ^ 2)
+ (3 * 1.959964 ^ 7 + 19 * 1.959964 ^ 5 + 17 * 1.959964 ^ 3 - 15 * 1.959964) / (384 * degrees ^ 3);

-- Wilson's interval for a proportion seen in n independent (or effectively independent) approaches.
create or replace macro wilson_centre(rate, n) as (rate + 1.920729 / n) / (1 + 3.841459 / n);
create or replace macro wilson_half(rate, n) as
1.959964 * sqrt(greatest(rate * (1 - rate) / n + 0.960365 / (n * n), 0)) / (1 + 3.841459 / n);
create or replace macro wilson_low(rate, n) as greatest(wilson_centre(rate, n) - wilson_half(rate, n), 0);
create or replace macro wilson_high(rate, n) as least(wilson_centre(rate, n) + wilson_half(rate, n), 1);
