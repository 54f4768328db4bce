------------------------------- MODULE regime -------------------------------
(* How a node moves between Calm, PreStorm and Storm: the transitions of      *)
(* core/src/regime.rs. A sample indicates one of the three; streaks of        *)
(* indications confirm a change. `cargo nextest run -p qres-core --test model`*)
(* reads the constants and the rules below and explores the code beside them. *)
EXTENDS Naturals

ConfirmPreStorm == 2
ConfirmStorm == 3
ConfirmCalm == 5
Dwell == 5

Regimes == {"Calm", "PreStorm", "Storm"}
Level(r) == CASE r = "Calm" -> 0 [] r = "PreStorm" -> 1 [] r = "Storm" -> 2

\* Counters matter up to the largest confirmation only.
Cap == 5
Up(n, holds) == IF holds THEN (IF n < Cap THEN n + 1 ELSE Cap) ELSE 0

VARIABLES regime, atLeastPreStorm, atLeastStorm, atMostPreStorm, atMostCalm, age
vars == <<regime, atLeastPreStorm, atLeastStorm, atMostPreStorm, atMostCalm, age>>

TypeOK ==
  /\ regime \in Regimes
  /\ {atLeastPreStorm, atLeastStorm, atMostPreStorm, atMostCalm, age} \subseteq 0..Cap

Init ==
  /\ regime = "Calm"
  /\ atLeastPreStorm = 0 /\ atLeastStorm = 0
  /\ atMostPreStorm = 0 /\ atMostCalm = 0 /\ age = 0

Holds(guard, alp, als, amp, amc, a) ==
  CASE guard = "Stormy" -> als >= ConfirmStorm
    [] guard = "Rising" -> alp >= ConfirmPreStorm
    [] guard = "Settled" -> amc >= ConfirmPreStorm
    [] guard = "Young" -> a < Dwell
    [] guard = "Ended" -> amc >= ConfirmCalm
    [] guard = "Eased" -> amp >= ConfirmStorm /\ amc = 0

\* The first rule whose guard holds decides; without one the regime stays.
Rules == <<
  <<"Calm", "Stormy", "Storm">>,
  <<"PreStorm", "Stormy", "Storm">>,
  <<"Calm", "Rising", "PreStorm">>,
  <<"PreStorm", "Settled", "Calm">>,
  <<"Storm", "Young", "Storm">>,
  <<"Storm", "Ended", "Calm">>,
  <<"Storm", "Eased", "PreStorm">>
>>

Decide(r, alp, als, amp, amc, a) ==
  LET fits == {i \in DOMAIN Rules :
                 Rules[i][1] = r /\ Holds(Rules[i][2], alp, als, amp, amc, a)}
  IN IF fits = {} THEN r
     ELSE Rules[CHOOSE i \in fits : \A j \in fits : i <= j][3]

\* A sample indicates `sign`.
Sample(sign) ==
  LET alp == Up(atLeastPreStorm, Level(sign) >= 1)
      als == Up(atLeastStorm, Level(sign) = 2)
      amp == Up(atMostPreStorm, Level(sign) <= 1)
      amc == Up(atMostCalm, Level(sign) = 0)
      a == Up(age, TRUE)
      next == Decide(regime, alp, als, amp, amc, a)
  IN /\ regime' = next
     /\ atLeastPreStorm' = alp /\ atLeastStorm' = als
     /\ atMostPreStorm' = amp /\ atMostCalm' = amc
     /\ age' = IF next = regime THEN a ELSE 0

Next == \E sign \in Regimes : Sample(sign)
Spec == Init /\ [][Next]_vars

\* A storm is never declared on fewer than ConfirmStorm stormy samples in a row.
StormIsConfirmed == [][regime # "Storm" /\ regime' = "Storm" => atLeastStorm' >= ConfirmStorm]_vars
\* A storm lasts at least Dwell samples.
StormDwells == [][regime = "Storm" /\ regime' # "Storm" => age + 1 >= Dwell]_vars
=============================================================================
