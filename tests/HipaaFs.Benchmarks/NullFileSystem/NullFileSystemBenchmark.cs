using System.Globalization;
using System.Text.Json;

namespace HipaaFs.Benchmarks.NullFileSystem;

/// <summary>Compares the managed request loop with libfuse3: direct reads of a file system that does nothing.</summary>
/// <remarks>Both are mounted at once and read in turn, in rounds; the medians are compared. Reads are made by fio where it is
/// installed and by a loop of pread(2) in C. Placement of reader and server on the processors differs from run to run: hence the rounds.</remarks>
internal static class NullFileSystemBenchmark
{
    /// <summary>The option that leaves idle processors alone, as a mount without root does.</summary>
    internal const string NoAwake = "--noawake";

    private const string Source = "null_libfuse3.c";

    private static readonly (string Name, int Bytes, double Required)[] Sizes = [("4 KiB", 4096, 1.5), ("1 MiB", 1 << 20, 1.0)];

    internal static int Run(string[] options)
    {
        int rounds = (int)Number(options, "--rounds", 9);
        double seconds = Number(options, "--seconds", 1);
        string folder = Directory.CreateTempSubdirectory("null-bench-").FullName;
        try
        {
            string program = Path.Combine(folder, "null_libfuse3");
            if (!TryCompile(program))
            {
                Console.Error.WriteLine("skipped: needs a C compiler, pkg-config and libfuse3-dev");
                return 0;
            }

            using NullMount managed = NullMount.Start(
                Path.Combine(folder, "managed"), Environment.ProcessPath!, ["null-serve", Path.Combine(folder, "managed"), .. options.Where(static option => option == NoAwake)]);
            using NullMount native = NullMount.Start(
                Path.Combine(folder, "libfuse3"), program, "serve", Path.Combine(folder, "libfuse3"));
            List<NullResult> results = Measure(managed, native, program, rounds, seconds);
            Report(results, options.Contains("--json"));
            return results.TrueForAll(result => result.Ok) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static List<NullResult> Measure(NullMount managed, NullMount native, string program, int rounds, double seconds)
    {
        var readers = new List<(string Name, Func<string, int, double?> Read)>
        {
            ("pread", (file, bytes) => ReadInLoop(program, file, bytes, seconds)),
        };
        if (Commands.TryRun("fio", "--version") is not null)
        {
            readers.Insert(0, ("fio", (file, bytes) => ReadByFio(file, bytes, seconds)));
        }

        var results = new List<NullResult>();
        foreach ((string reader, Func<string, int, double?> read) in readers)
        {
            foreach ((string size, int bytes, double required) in Sizes)
            {
                var ours = new List<double>();
                var theirs = new List<double>();
                read(managed.File, bytes);
                read(native.File, bytes);
                for (int round = 0; round < rounds; round++)
                {
                    ours.Add(read(managed.File, bytes) ?? throw new InvalidOperationException("a read failed"));
                    theirs.Add(read(native.File, bytes) ?? throw new InvalidOperationException("a read failed"));
                }

                results.Add(new NullResult($"{size} direct reads, 1 job, {reader}", Median(ours), Median(theirs), required));
            }
        }

        return results;
    }

    private static void Report(List<NullResult> results, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { schema = 1, ok = results.TrueForAll(result => result.Ok), result = results }));
            return;
        }

        foreach (NullResult result in results)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.Name,-36} managed {result.Managed,9:F0}/s  libfuse3 {result.Libfuse3,9:F0}/s  ratio {result.Ratio:F2}  (at least {result.Required:F1}: {(result.Ok ? "yes" : "NO")})"));
        }
    }

    private static bool TryCompile(string program)
    {
        string? flags = Commands.TryRun("pkg-config", "--cflags", "--libs", "fuse3");
        if (flags is null)
        {
            return false;
        }

        string source = Path.Combine(AppContext.BaseDirectory, "NullFileSystem", Source);
        string[] arguments = ["-O2", "-Wall", "-o", program, source, .. flags.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        return Commands.TryRun("cc", arguments) is not null;
    }

    private static double? ReadInLoop(string program, string file, int bytes, double seconds)
    {
        string? output = Commands.TryRun(
            program, "read", file, bytes.ToString(CultureInfo.InvariantCulture), seconds.ToString(CultureInfo.InvariantCulture));
        return output is null ? null : double.Parse(output, CultureInfo.InvariantCulture);
    }

    private static double? ReadByFio(string file, int bytes, double seconds)
    {
        const int ReadRateField = 7;
        string? output = Commands.TryRun(
            "fio",
            "--name=null",
            "--filename=" + file,
            "--rw=randread",
            "--bs=" + bytes.ToString(CultureInfo.InvariantCulture),
            "--direct=1",
            "--ioengine=psync",
            "--size=4g",
            "--time_based",
            "--runtime=" + ((int)(seconds * 1000)).ToString(CultureInfo.InvariantCulture) + "ms",
            "--minimal");
        return output is null ? null : double.Parse(output.Split(';')[ReadRateField], CultureInfo.InvariantCulture);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static double Number(string[] options, string name, double otherwise)
    {
        int at = Array.IndexOf(options, name);
        return at >= 0 && at + 1 < options.Length ? double.Parse(options[at + 1], CultureInfo.InvariantCulture) : otherwise;
    }
}
