using System.Globalization;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>What the command line asks of the benchmark of a mount.</summary>
internal sealed record VolumeBenchmarkOptions
{
    /// <summary>Times that every target is measured; the report shows medians. Defaults to 3.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Size of the large file. Defaults to 1 GiB.</summary>
    public int FileMiB { get; init; } = 1024;

    /// <summary>Number of small files. Defaults to 3,000.</summary>
    public int Files { get; init; } = 3000;

    /// <summary>Whether the report is one JSON document.</summary>
    public bool Json { get; init; }

    /// <summary>Directory that everything is made below; its filesystem is the local one of the comparison.</summary>
    public string Directory { get; init; } = Path.GetTempPath();

    /// <summary>Reads options; null when one is unknown or has no value.</summary>
    public static VolumeBenchmarkOptions? TryParse(IReadOnlyList<string> arguments)
    {
        var options = new VolumeBenchmarkOptions();
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
                case "--files" when isNumber:
                    options = options with { Files = number };
                    break;
                case "--directory" when value is not null:
                    options = options with { Directory = value };
                    break;
                default:
                    return null;
            }
        }

        return options;
    }
}
