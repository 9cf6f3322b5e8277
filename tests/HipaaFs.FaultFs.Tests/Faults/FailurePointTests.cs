using System.Globalization;
using HipaaFs.FaultFs.Tests.Mounts;
using Xunit;

namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>Any change asked of the disk below a volume fails, the database's and the store's among them: the volume mounts by itself and keeps its promises.</summary>
/// <remarks>
/// HIPAAFS_FAILURE_POINTS (6) says how many steps are tried, each in one way; 0 tries them all, in every way, from HIPAAFS_FAILURE_FIRST (1) on and
/// HIPAAFS_FAILURE_COUNT of them (all), so that a run can be taken up where another one ended. Each is printed when it is done. HIPAAFS_FAILURE_FILES (*)
/// counts and fails changes of the files of a pattern alone, volume/store/* say: most of all changes are the database log's.
/// </remarks>
public sealed class FailurePointTests(ITestOutputHelper output)
{
    private const int Eio = 5;
    private const int NoSpace = 28;

    private const int MostComplaints = 20;

    private static readonly (int Errno, bool Lasting)[] Ways = [(NoSpace, false), (Eio, true), (Eio, false), (NoSpace, true)];

    // After a failed fsync the data is gone whether or not the power goes too.
    private static readonly string[] Cuts = ["All strict 1", "None strict 1"];

    private static readonly string Files = Environment.GetEnvironmentVariable("HIPAAFS_FAILURE_FILES") ?? "*";

    private readonly List<string> _complaints = [];
    private int _struck;

    [Fact]
    public async Task Fail_AnyStep_KeepsEveryPromise()
    {
        await using FaultyVolume volume = await FaultyVolume.CreateAsync(FaultyVolume.Failing);
        int steps = await CountStepsAsync(volume);
        output.WriteLine($"{steps} steps");
        int points = Setting("HIPAAFS_FAILURE_POINTS", 6);
        int turn = 0;
        foreach (int step in Points(steps, points))
        {
            foreach ((int errno, bool lasting) in points == 0 ? Ways : [Ways[turn % Ways.Length]])
            {
                await CheckAsync(volume, new DiskFailure(Files, step, errno, lasting), Cuts[turn++ / Ways.Length % Cuts.Length]);
                Assert.True(_complaints.Count < MostComplaints, string.Join("\n\n", _complaints));
            }
        }

        Assert.True(_complaints.Count == 0, string.Join("\n\n", _complaints));
        Assert.True(_struck > 0, "no step that was tried failed anything");
    }

    // How many changes the work asks for varies from run to run by what the driver does beside it; those that one run does not reach fail nothing.
    private async Task<int> CountStepsAsync(FaultyVolume volume)
    {
        await CheckAsync(volume, new DiskFailure(Files, int.MaxValue, Eio, Lasting: false), Cuts[1], isNew: true);
        return int.Parse(await volume.Disk.SendAsync("changes"), CultureInfo.InvariantCulture);
    }

    private async Task CheckAsync(FaultyVolume volume, DiskFailure failure, string cut, bool isNew = false)
    {
        if (!isNew)
        {
            await volume.RestartAsync();
        }

        var life = new FailingLife(volume, failure);
        string where = $"{failure}, {cut}";
        try
        {
            await life.RunAsync();
            string struck = await volume.Disk.SendAsync("struck");
            where = $"{where}: {struck}; {life.End}";
            _struck += struck == "nothing" ? 0 : 1;
            int operations = await volume.EndAsync();
            await volume.CheckAfterCutAsync(operations, cut);
            if (life.Stored is { } stored)
            {
                await volume.CheckRestoredAsync(operations, stored);
            }

            output.WriteLine(where);
        }
        catch (Xunit.Sdk.XunitException exception)
        {
            // One that fails does not hide those after it: hours lie between the first and the last.
            _complaints.Add($"{where}: {exception.Message}\n{volume.LastWords}");
            output.WriteLine($"FAILED {_complaints[^1]}");
            await volume.AbandonAsync();
        }
    }

    private static IEnumerable<int> Points(int steps, int wanted)
    {
        if (wanted > 0)
        {
            return Enumerable.Range(1, wanted).Select(i => (int)((long)steps * ((2 * i) - 1) / (2 * wanted)));
        }

        int first = Setting("HIPAAFS_FAILURE_FIRST", 1);
        return Enumerable.Range(first, Math.Max(0, Math.Min(Setting("HIPAAFS_FAILURE_COUNT", int.MaxValue), steps - first + 1)));
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : fallback;
}
