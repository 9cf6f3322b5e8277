using System.Globalization;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Policies;

/// <summary>Checks what is to be kept, and for how long.</summary>
internal static class RetentionChecks
{
    /// <summary>Reports stores that cannot lock what must be locked, and warns of days that contradict each other or are over.</summary>
    public static void Run(PolicyDocument document, PolicyReading reading, EffectivePolicy policy, DateOnly today)
    {
        EffectiveEntry retention = policy[PolicyFields.Retention];
        if (policy.Retention is { Mode: RetentionMode.Compliance })
        {
            foreach (StoreUse use in StoreUse.Of(document, policy).Where(static use => use.Store.Url is { Scheme: StoreScheme.File }))
            {
                use.Report(
                    reading,
                    retention,
                    "lock",
                    $"{use.Store.Name} is a directory and cannot lock objects; {policy.Name} has a compliance retention (line {retention.Origin.Place!.Value.Line})",
                    $"{policy.Name} is to be locked, and {use.Store.Name} is a directory, which cannot lock objects ({use.Label}, line {use.Place.Line})");
            }
        }

        if (policy.Retention?.Until is { } until && until.Value < today)
        {
            reading.Warn(until.Place, $"retention.until: {Day(until.Value)} is over");
        }

        WarnOfConsent(reading, policy, today);
    }

    private static void WarnOfConsent(PolicyReading reading, EffectivePolicy policy, DateOnly today)
    {
        if (policy.Get(PolicyFields.ConsentExpires) is not { } consent
            || policy[PolicyFields.ConsentExpires].Origin.Place is not { } place)
        {
            return;
        }

        if (consent < today)
        {
            reading.Warn(place, $"consent_expires: {Day(consent)} is over");
        }

        if (policy.Retention?.Until is { } until && until.Value > consent)
        {
            reading.Warn(place, $"consent_expires: what is retained until {Day(until.Value)} (line {until.Place.Line}) cannot be deleted on {Day(consent)}");
        }
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
