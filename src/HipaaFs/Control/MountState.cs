using System.Text.Json.Serialization;

namespace HipaaFs.Cli.Control;

/// <summary>In which part of its life a daemon is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MountState>))]
internal enum MountState
{
    /// <summary>The filesystem answers.</summary>
    [JsonStringEnumMemberName("serving")]
    Serving,

    /// <summary>It is detached; what is staged is being uploaded.</summary>
    [JsonStringEnumMemberName("draining")]
    Draining,

    /// <summary>The daemon is about to end.</summary>
    [JsonStringEnumMemberName("stopping")]
    Stopping,

    /// <summary>The daemon was killed, and its mount is still there.</summary>
    [JsonStringEnumMemberName("dead")]
    Dead,

    /// <summary>There is no daemon.</summary>
    [JsonStringEnumMemberName("not mounted")]
    NotMounted,
}
