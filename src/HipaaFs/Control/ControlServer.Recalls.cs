using System.Globalization;
using HipaaFs.Cli.Output;
using HipaaFs.Metadata;
using HipaaFs.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace HipaaFs.Cli.Control;

// What comes back from archives.
internal sealed partial class ControlServer
{
    /// <summary>The longest list of files, in bytes: some millions of numbers.</summary>
    internal const int MostRecallBytes = 64 << 20;

    private async Task RecallAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MostRecallBytes;
        }

        if (!Enum.TryParse(Required(http, "speed"), out RestoreSpeed speed)
            || !Enum.IsDefined(speed)
            || !int.TryParse(Required(http, "days"), NumberStyles.None, CultureInfo.InvariantCulture, out int days)
            || days is < 1 or > ushort.MaxValue)
        {
            throw new CommandException(ExitCode.Usage, "answer /v1/recall: speed or days make no sense", "Say speed=Bulk, Standard or Expedited, and days=1 or more.");
        }

        var files = new HashSet<InodeId>();
        using var text = new StreamReader(http.Request.Body);
        while (await text.ReadLineAsync(http.RequestAborted) is { } line)
        {
            files.Add(ulong.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
                ? new InodeId(inode)
                : throw new CommandException(ExitCode.Usage, "answer /v1/recall: a line is no inode number", "Send the numbers of the files, a line each."));
        }

        RecallReport report = await _target.RecallAsync(files, new RestoreRequest(speed, days), Query(http, "ask") == "true", http.RequestAborted);
        await SendAsync(http, JsonEnvelope.Result(report, JsonOutput.Default.RecallReport));
    }
}
