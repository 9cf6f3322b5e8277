using System.Globalization;

namespace HipaaFs.Benchmarks.Cloud;

/// <summary>What the command line asks of the benchmark of a cloud store.</summary>
internal sealed record CloudBenchmarkOptions
{
    /// <summary>What may be said.</summary>
    public const string Usage = "usage: cloud [--rounds N] [--size MIB] [--rtt MILLISECONDS --rate MBIT] [--json]";

    /// <summary>Times that each transfer is measured; the report shows medians. Defaults to 3.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Size of the file. Defaults to 1 GiB.</summary>
    public int FileMiB { get; init; } = 1024;

    /// <summary>Round-trip time of a link in front of the store, in milliseconds; 0: the store is on loopback.</summary>
    public int RoundTripMilliseconds { get; init; }

    /// <summary>Rate of that link, in Mbit/s. Defaults to 1,000.</summary>
    public int Megabits { get; init; } = 1000;

    /// <summary>The store's gateway, for the program that runs behind the link; null: it is still to be started.</summary>
    public Uri? Gateway { get; init; }

    /// <summary>Whether the report is one JSON document.</summary>
    public bool Json { get; init; }

    /// <summary>What is moved before what is measured, in bytes, so that nothing of it is done for the first time.</summary>
    public const long WarmingBytes = 256L << 20;

    /// <summary>What the store has to hold, in bytes: of the mount the files of each round, since what was overwritten is deleted later; of the plain transfer the newest two; and something over.</summary>
    public long StoreBytes => ((Rounds + 3) * (Bytes + WarmingBytes)) + (2L << 30);

    /// <summary>Size of the file in bytes.</summary>
    public long Bytes => (long)FileMiB << 20;

    /// <summary>Reads options; null when one is unknown or has no value.</summary>
    public static CloudBenchmarkOptions? TryParse(IReadOnlyList<string> arguments)
    {
        var options = new CloudBenchmarkOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            string name = arguments[i];
            if (name == "--json")
            {
                options = options with { Json = true };
                continue;
            }

            i++;
            string? value = i < arguments.Count ? arguments[i] : null;
            bool isNumber = int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number > 0;
            switch (name)
            {
                case "--rounds" when isNumber:
                    options = options with { Rounds = number };
                    break;
                case "--size" when isNumber:
                    options = options with { FileMiB = number };
                    break;
                case "--rtt" when isNumber:
                    options = options with { RoundTripMilliseconds = number };
                    break;
                case "--rate" when isNumber:
                    options = options with { Megabits = number };
                    break;
                case "--gateway" when Uri.TryCreate(value, UriKind.Absolute, out Uri? gateway):
                    options = options with { Gateway = gateway };
                    break;
                default:
                    return null;
            }
        }

        return options;
    }
}
