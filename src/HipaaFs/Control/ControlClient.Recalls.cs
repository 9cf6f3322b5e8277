using System.Globalization;
using System.Text;
using HipaaFs.Cli.Output;
using HipaaFs.Metadata;
using HipaaFs.Storage;

namespace HipaaFs.Cli.Control;

// Requests about what comes back from archives.
internal sealed partial class ControlClient
{
    /// <summary>Has files brought back, or says what that would ask for.</summary>
    /// <param name="files">The files.</param>
    /// <param name="request">How urgently, and for how many days.</param>
    /// <param name="asks">Whether it is asked for.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="CommandException">There are too many files for one request, or the daemon refuses.</exception>
    public Task<RecallReport> RecallAsync(IReadOnlyCollection<InodeId> files, RestoreRequest request, bool asks, CancellationToken cancel)
    {
        var lines = new StringBuilder();
        foreach (InodeId file in files)
        {
            lines.Append(CultureInfo.InvariantCulture, $"{file.Value}\n");
        }

        if (lines.Length > ControlServer.MostRecallBytes)
        {
            throw new CommandException(ExitCode.Usage, $"recall {files.Count} files: they are too many for one request", "Name fewer at a time.");
        }

        return SendAsync(
            HttpMethod.Post,
            string.Create(CultureInfo.InvariantCulture, $"v1/recall?speed={request.Speed}&days={request.Days}&ask={(asks ? "true" : "false")}"),
            new StringContent(lines.ToString()),
            JsonOutput.Default.RecallReport,
            null,
            cancel);
    }
}
