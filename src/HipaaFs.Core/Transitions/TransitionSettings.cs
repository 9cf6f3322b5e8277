using System.Text.Json;
using HipaaFs.Metadata;
using HipaaFs.Sessions;

namespace HipaaFs.Transitions;

/// <summary>When files change their placement by age, and how fast data is moved.</summary>
public sealed record TransitionSettings
{
    /// <summary>What holds when nothing was said: always, 32 MiB a second.</summary>
    public static readonly TransitionSettings Default = new();

    private const string Setting = "transitions";

    /// <summary>The windows in which files change their placement by age and their data follows, as <see cref="TimeWindow.TryParse"/> reads them; empty for always. An object that was begun is moved to its end.</summary>
    public IReadOnlyList<string> Windows { get; init => field = value ?? []; } = [];

    /// <summary>Bytes a second that are moved at most.</summary>
    public long BytesPerSecond { get; init; } = 32L << 20;

    /// <summary>Whether files may change their placement at a moment.</summary>
    public bool IsOpenAt(DateTimeOffset moment) => TimeWindow.AreOpenAt(Windows, moment);

    /// <summary>Whether another says the same.</summary>
    public bool IsSameAs(TransitionSettings other) => BytesPerSecond == other.BytesPerSecond && Windows.SequenceEqual(other.Windows);

    /// <summary>Reads those of a volume. What makes no sense reads as the usual, and moves nothing faster.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    internal static async ValueTask<TransitionSettings> ReadAsync(IMetadataStore metadata, CancellationToken cancel)
    {
        MetadataResult<ReadOnlyMemory<byte>> read = await metadata.GetSettingAsync(Setting, cancel);
        if (!read.Succeeded)
        {
            return read.Error == MetadataError.NotFound ? Default : throw new IOException($"read the setting {Setting}: {read.Error}");
        }

        try
        {
            return JsonSerializer.Deserialize(read.Value.Span, TransitionContext.Default.TransitionSettings) is { BytesPerSecond: > 0 } settings ? settings : Default;
        }
        catch (JsonException)
        {
            return Default;
        }
    }

    /// <summary>Keeps these; durable on return.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    internal async Task WriteAsync(IMetadataStore metadata, SessionClock clock, CancellationToken cancel)
    {
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(this, TransitionContext.Default.TransitionSettings);
        MetadataResult<Applied> written = await metadata.SetSettingAsync(clock.NextOperation(), Setting, content, cancel);
        MetadataResult<CommitSequence> durable = written.Succeeded ? await metadata.MakeDurableAsync(metadata.Applied, cancel) : written.Error;
        if (!durable.Succeeded)
        {
            throw new IOException($"write the setting {Setting}: {durable.Error}");
        }
    }
}
