using System.Globalization;
using System.Text;
using System.Text.Json;

namespace HipaaFs.Benchmarks.Volume;

/// <summary>Medians of all rounds, their ratios, and whether the goals are met.</summary>
internal sealed class VolumeReport
{
    // Budget of 256 MB and the 120 MB that a daemon may need beside it.
    private const double ResidentGoalMiB = 256 + 120;
    private const double ReadyGoalSeconds = 1.0;

    private readonly Dictionary<string, Dictionary<Metric, List<double>>> _figures = [];

    /// <summary>Most memory of the daemon, in MiB.</summary>
    public double PeakResidentMiB { get; set; }

    /// <summary>Median time from the start of `hipaafs mount` to its return, in seconds.</summary>
    public double ReadySeconds { get; set; }

    /// <summary>Adds the figures of one round of a target.</summary>
    public void Add(string target, IReadOnlyDictionary<Metric, double> figures)
    {
        if (!_figures.TryGetValue(target, out Dictionary<Metric, List<double>>? all))
        {
            _figures[target] = all = [];
        }

        foreach ((Metric metric, double value) in figures)
        {
            if (!all.TryGetValue(metric, out List<double>? values))
            {
                all[metric] = values = [];
            }

            values.Add(value);
        }
    }

    /// <summary>Whether every goal is met.</summary>
    public bool Passes => Metric.All.All(metric => Ratio(metric, "gocryptfs") >= metric.Goal)
        && PeakResidentMiB <= ResidentGoalMiB && ReadySeconds < ReadyGoalSeconds;

    /// <summary>The report as a table.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{"",-36} {"unit",-8} {"local",10} {"gocryptfs",10} {"hipaafs",10} {"/ local",8} {"/ gocr.",8} {"goal",6}");
        foreach (Metric metric in Metric.All)
        {
            double ratio = Ratio(metric, "gocryptfs");
            text.AppendLine(
                CultureInfo.InvariantCulture,
                $"{metric.Name,-36} {metric.Unit,-8} {Median("local", metric),10:F0} {Median("gocryptfs", metric),10:F0} {Median("hipaafs", metric),10:F0} {Ratio(metric, "local"),8:F2} {ratio,8:F2} {metric.Goal,6:F1}  {Verdict(ratio >= metric.Goal)}");
        }

        text.AppendLine(CultureInfo.InvariantCulture, $"peak memory of the daemon: {PeakResidentMiB:F0} MiB, goal {ResidentGoalMiB:F0}  {Verdict(PeakResidentMiB <= ResidentGoalMiB)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"ready to serve: {ReadySeconds:F2} s, goal {ReadyGoalSeconds:F2}  {Verdict(ReadySeconds < ReadyGoalSeconds)}");
        return text.ToString();
    }

    /// <summary>The report as one JSON document.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("schema", 1);
            json.WriteStartArray("figures");
            foreach (Metric metric in Metric.All)
            {
                WriteFigure(json, metric);
            }

            json.WriteEndArray();
            json.WriteNumber("peakResidentMiB", Math.Round(PeakResidentMiB, 1));
            json.WriteNumber("readySeconds", Math.Round(ReadySeconds, 3));
            json.WriteBoolean("pass", Passes);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private void WriteFigure(Utf8JsonWriter json, Metric metric)
    {
        json.WriteStartObject();
        json.WriteString("name", metric.Name);
        json.WriteString("unit", metric.Unit);
        foreach (string target in _figures.Keys.Order(StringComparer.Ordinal))
        {
            json.WriteNumber(target, Math.Round(Median(target, metric), 1));
        }

        json.WriteNumber("toLocal", Math.Round(Ratio(metric, "local"), 3));
        json.WriteNumber("toGocryptfs", Math.Round(Ratio(metric, "gocryptfs"), 3));
        json.WriteNumber("goal", metric.Goal);
        json.WriteBoolean("pass", Ratio(metric, "gocryptfs") >= metric.Goal);
        json.WriteEndObject();
    }

    private double Ratio(Metric metric, string reference)
    {
        double value = Median(reference, metric);
        return value > 0 ? Median("hipaafs", metric) / value : 0;
    }

    private double Median(string target, Metric metric)
    {
        if (!_figures.TryGetValue(target, out Dictionary<Metric, List<double>>? all) || !all.TryGetValue(metric, out List<double>? values))
        {
            return 0;
        }

        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static string Verdict(bool pass)
    {
        return pass ? "PASS" : "FAIL";
    }
}
