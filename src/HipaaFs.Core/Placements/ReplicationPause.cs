namespace HipaaFs.Placements;

/// <summary>Why a store gets no copies for a while.</summary>
public enum ReplicationPause
{
    /// <summary>Its budget is used up, and says that copying stops then.</summary>
    Budget,

    /// <summary>A placement says at which times it gets copies, and this is none of them.</summary>
    Window,
}
